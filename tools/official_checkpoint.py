"""What a checkpoint of the official LQVG training code says about its model: sizes, its tensors, its config.json.

The sizes come from the tensors; `args`, the command line of the training, must not contradict them. Used by
convert_checkpoint.py.
"""
import dataclasses
import re

from torch_file import FLOATS, Namespace, Refusal, Tensor

# Fixed in the official code: of the alignment whatever --nheads says, and of the levels by the three that are used.
HEADS, LEVELS = 8, 4
TEXT_HEAD_SIZE = 64  # of every published RoBERTa
BODY = "backbone.0.body"
RESNETS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}
MAX_LAYERS = 96  # beyond which no config.json is served
FAULTS_NAMED = 5

# --dataset_file of the official code, our name, and the side of the square that its test pictures are letterboxed to
# (datasets/rsvg.py and datasets/rsvg_mm.py there).
DATASETS = {"rsvg": ("dior-rsvg", 800), "rsvg_mm": ("rsvg-hr", 1024)}

# No forward pass reads them: buffers of position numbers, counters of batch norms and of a profiler, and the box heads,
# which the official code stores a second time.
SPARE = re.compile(r".*\.(num_batches_tracked|position_ids|token_type_ids)|(.*\.)?total_(ops|params)|"
                   r"transformer\.decoder\.bbox_embed\..*")
OPTIONAL = ("text_encoder.pooler.dense.weight", "text_encoder.pooler.dense.bias")


@dataclasses.dataclass(frozen=True)
class Sizes:
    stem: int
    widths: tuple
    blocks: tuple
    dim: int
    queries: int
    ffn: int
    enc_layers: int
    dec_layers: int
    enc_points: int
    dec_points: int
    text: dict

    @property
    def resnet(self):
        """The name of the backbone, or None."""
        usual = (self.stem, self.widths) == (64, (64, 128, 256, 512))
        return next((name for name, blocks in RESNETS.items() if usual and blocks == self.blocks), None)


def entries_of(root):
    """The tensors of the model by name, and the training's command line (empty when it is not there)."""
    if not isinstance(root, dict) or not isinstance(root.get("model"), dict):
        raise Refusal('it has no "model" entry, which the official training code writes')
    state = root["model"]
    if not all(isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()):
        raise Refusal('its "model" entry holds more than tensors by name')
    if state and all(key.startswith("module.") for key in state):  # of a model that several GPUs trained
        state = {key.removeprefix("module."): value for key, value in state.items()}
    args = root.get("args", {})
    args = args.values if isinstance(args, Namespace) else args
    if not isinstance(args, dict):
        raise Refusal('its "args" entry is no argparse.Namespace')
    return state, args


def measure(state):
    """The sizes of the model whose tensors `state` holds."""
    def size(name, axis):
        if name not in state:
            raise Refusal(f"tensor {name} is missing")
        shape = state[name].shape
        if axis >= len(shape) or shape[axis] < 1:
            raise Refusal(f"tensor {name} has shape {list(shape)}, which has no sizes to go by")
        return shape[axis]

    def layers(prefix):
        numbers = [int(found[1]) for name in state if (found := re.match(re.escape(prefix) + r"\.(\d{1,4})\.", name))]
        if not numbers:
            raise Refusal(f"tensors {prefix}.0.* are missing")
        if max(numbers) >= MAX_LAYERS:
            raise Refusal(f"tensors {prefix}.{max(numbers)}.* are there; at most {MAX_LAYERS} layers are supported")
        return max(numbers) + 1

    def points(name):
        rows = size(f"{name}.attention_weights.weight", 0)
        if rows % (HEADS * LEVELS):
            raise Refusal(f"tensor {name}.attention_weights.weight has {rows} rows, "
                          f"must be a multiple of {HEADS * LEVELS}")
        return rows // (HEADS * LEVELS)

    embeddings, layer = "text_encoder.embeddings", "text_encoder.encoder.layer"
    hidden = size(f"{embeddings}.word_embeddings.weight", 1)
    if hidden % TEXT_HEAD_SIZE:
        raise Refusal(f"the text encoder is {hidden} wide, must be a multiple of {TEXT_HEAD_SIZE}, as RoBERTa's are")
    encoder, decoder = "transformer.encoder.layers", "transformer.decoder.layers"
    return Sizes(
        stem=size(f"{BODY}.conv1.weight", 0),
        widths=tuple(size(f"{BODY}.layer{stage}.0.conv1.weight", 0) for stage in range(1, 5)),
        blocks=tuple(layers(f"{BODY}.layer{stage}") for stage in range(1, 5)),
        dim=size("query_embed.weight", 1), queries=size("query_embed.weight", 0),
        ffn=size(f"{encoder}.0.linear1.weight", 0),
        enc_layers=layers(encoder), dec_layers=layers(decoder),
        enc_points=points(f"{encoder}.0.self_attn"), dec_points=points(f"{decoder}.0.cross_attn"),
        text={"vocab_size": size(f"{embeddings}.word_embeddings.weight", 0), "hidden_size": hidden,
              "num_hidden_layers": layers(layer), "num_attention_heads": hidden // TEXT_HEAD_SIZE,
              "intermediate_size": size(f"{layer}.0.intermediate.dense.weight", 0),
              "max_position_embeddings": size(f"{embeddings}.position_embeddings.weight", 0),
              "layer_norm_eps": 1e-5, "pad_token_id": 1})


class Shapes(dict):
    """Names and shapes, by the kinds of layers that make them."""

    def linear(self, name, outputs, inputs):
        self[f"{name}.weight"], self[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def norm(self, *names, size):
        for name in names:
            self[f"{name}.weight"] = self[f"{name}.bias"] = (size,)

    def conv_norm(self, conv, norm, shape):
        self[f"{conv}.weight"] = shape
        for part in ("weight", "bias", "running_mean", "running_var"):
            self[f"{norm}.{part}"] = shape[:1]

    def attention(self, name, dim):
        self[f"{name}.in_proj_weight"], self[f"{name}.in_proj_bias"] = (3 * dim, dim), (3 * dim,)
        self.linear(f"{name}.out_proj", dim, dim)

    def deformable(self, name, dim, points):
        self.linear(f"{name}.sampling_offsets", HEADS * LEVELS * points * 2, dim)
        self.linear(f"{name}.attention_weights", HEADS * LEVELS * points, dim)
        self.linear(f"{name}.value_proj", dim, dim)
        self.linear(f"{name}.output_proj", dim, dim)

    def feed_forward(self, name, dim, inner):
        self.linear(f"{name}.linear1", inner, dim)
        self.linear(f"{name}.linear2", dim, inner)


def add_image(shapes, sizes):
    shapes.conv_norm(f"{BODY}.conv1", f"{BODY}.bn1", (sizes.stem, 3, 7, 7))
    inputs = sizes.stem
    for stage, (width, blocks) in enumerate(zip(sizes.widths, sizes.blocks), start=1):
        for block in range(blocks):
            name = f"{BODY}.layer{stage}.{block}"
            if block == 0:
                shapes.conv_norm(f"{name}.downsample.0", f"{name}.downsample.1", (4 * width, inputs, 1, 1))
            shapes.conv_norm(f"{name}.conv1", f"{name}.bn1", (width, inputs, 1, 1))
            shapes.conv_norm(f"{name}.conv2", f"{name}.bn2", (width, width, 3, 3))
            shapes.conv_norm(f"{name}.conv3", f"{name}.bn3", (4 * width, width, 1, 1))
            inputs = 4 * width
    for level in range(LEVELS):
        side, channels = (1, 4 * sizes.widths[level + 1]) if level < 3 else (3, inputs)
        shapes[f"input_proj.{level}.0.weight"] = (sizes.dim, channels, side, side)
        shapes[f"input_proj.{level}.0.bias"] = (sizes.dim,)
        shapes.norm(f"input_proj.{level}.1", size=sizes.dim)


def add_text(shapes, text):
    hidden, inner, embeddings = text["hidden_size"], text["intermediate_size"], "text_encoder.embeddings"
    shapes[f"{embeddings}.word_embeddings.weight"] = (text["vocab_size"], hidden)
    shapes[f"{embeddings}.position_embeddings.weight"] = (text["max_position_embeddings"], hidden)
    shapes[f"{embeddings}.token_type_embeddings.weight"] = (1, hidden)
    shapes.norm(f"{embeddings}.LayerNorm", size=hidden)
    for number in range(text["num_hidden_layers"]):
        layer = f"text_encoder.encoder.layer.{number}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes.linear(f"{layer}.{part}", hidden, hidden)
        shapes.linear(f"{layer}.intermediate.dense", inner, hidden)
        shapes.linear(f"{layer}.output.dense", hidden, inner)
        shapes.norm(f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm", size=hidden)
    shapes.linear("text_encoder.pooler.dense", hidden, hidden)


def tensors_of(sizes):
    """Name to shape of every tensor that a model directory of these sizes holds."""
    shapes, dim = Shapes(), sizes.dim
    add_image(shapes, sizes)
    add_text(shapes, sizes.text)
    shapes.linear("resizer.fc", dim, sizes.text["hidden_size"])
    shapes.norm("resizer.layer_norm", size=dim)
    shapes.attention("fusion_module.multihead_attn", dim)
    shapes.attention("fusion_module_text.multihead_attn", dim)
    shapes.linear("poolout_module.dense", dim, dim)
    shapes["transformer.level_embed"] = (LEVELS, dim)
    shapes.linear("transformer.reference_points", 2, dim)
    shapes["query_embed.weight"] = (sizes.queries, dim)
    for number in range(sizes.enc_layers):
        layer = f"transformer.encoder.layers.{number}"
        shapes.deformable(f"{layer}.self_attn", dim, sizes.enc_points)
        shapes.norm(f"{layer}.norm1", f"{layer}.norm2", size=dim)
        shapes.feed_forward(layer, dim, sizes.ffn)
    for number in range(sizes.dec_layers):
        layer = f"transformer.decoder.layers.{number}"
        shapes.deformable(f"{layer}.cross_attn", dim, sizes.dec_points)
        shapes.attention(f"{layer}.self_attn", dim)
        shapes.norm(f"{layer}.norm1", f"{layer}.norm2", f"{layer}.norm3", size=dim)
        shapes.feed_forward(layer, dim, sizes.ffn)
        shapes.linear(f"class_embed.{number}", 1, dim)
        for part, outputs in enumerate((dim, dim, 4)):
            shapes.linear(f"bbox_embed.{number}.layers.{part}", outputs, dim)
    return shapes


def select(state, wanted):
    """The tensors of the model among those of the checkpoint. Raises Refusal with the first faults."""
    faults = []
    for name, shape in wanted.items():
        if name not in state:
            if name not in OPTIONAL:
                faults.append(f"tensor {name} is missing")
        elif state[name].shape != shape:
            faults.append(f"tensor {name} has shape {list(state[name].shape)}, must be {list(shape)}")
        elif state[name].dtype not in FLOATS:
            faults.append(f"tensor {name} holds {state[name].dtype}, must be one of {', '.join(FLOATS)}")
    unknown = (name for name in state if name not in wanted and not SPARE.fullmatch(name))
    faults += [f"tensor {name} is not part of the model" for name in unknown]
    if faults:
        more = f"; and {len(faults) - FAULTS_NAMED} more faults" if len(faults) > FAULTS_NAMED else ""
        raise Refusal("; ".join(faults[:FAULTS_NAMED]) + more)
    return {name: state[name] for name in sorted(wanted) if name in state}


def second_heads(state):
    """(name, name of the copy) of the box heads that are stored twice: all of them, when boxes are refined."""
    heads = [name for name in state if name.startswith("bbox_embed.")]
    copies = [(name, f"transformer.decoder.{name}") for name in heads if f"transformer.decoder.{name}" in state]
    if copies and len(copies) != len(heads):
        raise Refusal(f"only {len(copies)} of the {len(heads)} tensors bbox_embed.* are there "
                      "as transformer.decoder.bbox_embed.* too")
    return copies


def shown(value):
    """A value of the file for a message."""
    if isinstance(value, int) and abs(value) >= 2**63:  # thousands of digits are an error of their own
        return "beyond any size"
    return repr(value) if isinstance(value, (bool, int, float, str)) else f"of type {type(value).__name__}"


def compare_args(args, sizes, refined):
    """Refuses what the command line of the training says otherwise than its tensors, and what no server could run."""
    says = {"num_queries": sizes.queries, "enc_layers": sizes.enc_layers, "dec_layers": sizes.dec_layers,
            "dim_feedforward": sizes.ffn, "hidden_dim": sizes.dim, "enc_n_points": sizes.enc_points,
            "dec_n_points": sizes.dec_points, "with_box_refine": refined}
    for key, value in says.items():
        if key in args and args[key] != value:
            raise Refusal(f"args.{key} is {shown(args[key])}, but the tensors say {value!r}")
    if args.get("backbone") in RESNETS and args["backbone"] != sizes.resnet:
        raise Refusal(f"args.backbone is {args['backbone']!r}, but the tensors are of blocks {list(sizes.blocks)}, "
                      f"stem {sizes.stem} and widths {list(sizes.widths)}")
    if not refined:
        raise Refusal("its boxes are not refined layer by layer (no transformer.decoder.bbox_embed.*); "
                      "only models trained with --with_box_refine are served")
    fixed = {"nheads": HEADS, "num_feature_levels": LEVELS, "two_stage": False, "dilation": False,
             "position_embedding": "sine"}
    for key, value in fixed.items():
        if key in args and args[key] != value:
            raise Refusal(f"args.{key} is {shown(args[key])}, must be {value!r}: other models are not supported")


def config_of(sizes, input_size):
    """The content of config.json."""
    usual = sizes.resnet == "resnet50"
    return {
        "format_version": 1, "model_type": "lqvg",
        "backbone": "resnet50" if usual else {"stem": sizes.stem, "widths": sizes.widths, "blocks": sizes.blocks},
        "hidden_dim": sizes.dim, "nheads": HEADS, "num_feature_levels": LEVELS, "enc_layers": sizes.enc_layers,
        "dec_layers": sizes.dec_layers, "enc_n_points": sizes.enc_points, "dec_n_points": sizes.dec_points,
        "dim_feedforward": sizes.ffn, "num_queries": sizes.queries, "with_box_refine": True, "num_classes": 1,
        "input_size": input_size, "text_encoder": {"model_type": "roberta", **sizes.text}}
