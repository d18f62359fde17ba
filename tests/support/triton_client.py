"""Triton's own client, asking as its users do: what the tests share that use it."""
import numpy as np
import tritonclient.grpc as triton


def tensor(name, elements, column=False):
    """A BYTES tensor of shape [n], or [n, 1]."""
    array = np.array(elements, dtype=np.object_)
    if column:
        array = array.reshape(-1, 1)
    made = triton.InferInput(name, list(array.shape), "BYTES")
    made.set_data_from_numpy(array)
    return made


def infer(client, pictures, expressions, column=False, **options):
    """(boxes, scores) of a ModelInfer."""
    inputs = [tensor("IMAGE", pictures, column), tensor("EXPRESSION", [text.encode() for text in expressions], column)]
    options.setdefault("model_name", "")
    result = client.infer(inputs=inputs, **options)
    return result.as_numpy("BOXES"), result.as_numpy("SCORES")


def best_boxes(response):
    """(boxes, scores) of a GroundResponse, in the same form."""
    best = [result.boxes[0] for result in response.results]
    return (np.array([[box.x_min, box.y_min, box.x_max, box.y_max] for box in best], dtype=np.float32),
            np.array([box.score for box in best], dtype=np.float32))
