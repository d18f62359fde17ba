#!/usr/bin/env python3
"""Triton Inference Server with a model that only sleeps: what bench/server/bench_server.cc is measured beside.

Through nvidia-pytriton (requirements.txt), so the model is Triton's Python backend, batched by Triton's dynamic batcher:

    bench/triton/sleeping_model.py --grpc-port 8001 --batch-time 0.020 --image-time 0.005 --max-batch 8

Prints "ready" once it serves. Inputs IMAGE and EXPRESSION, BYTES [1]; outputs BOXES FP32 [4] and SCORES FP32 [1].
"""

import argparse
import time

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.model_config.common import QueuePolicy, TimeoutAction
from pytriton.triton import Triton, TritonConfig


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grpc-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, default=8000)
    parser.add_argument("--metrics-port", type=int, default=8002)
    parser.add_argument("--batch-time", type=float, default=0, help="seconds for a batch, whatever is in it")
    parser.add_argument("--image-time", type=float, default=0, help="seconds more for each picture in it")
    parser.add_argument("--max-batch", type=int, default=8, help="pictures")
    parser.add_argument("--queue-size", type=int, default=0, help="requests that may wait; 0: any number")
    parser.add_argument("--queue-timeout", type=float, default=0,
                        help="seconds after which a waiting request is refused; 0: never")
    return parser.parse_args()


def main():
    arguments = parse_arguments()

    @batch
    def infer(IMAGE, EXPRESSION):  # the inputs' names
        count = IMAGE.shape[0]
        if arguments.batch_time or arguments.image_time:
            time.sleep(arguments.batch_time + arguments.image_time * count)
        return {"BOXES": np.zeros((count, 4), np.float32), "SCORES": np.zeros((count, 1), np.float32)}

    policy = QueuePolicy(timeout_action=TimeoutAction.REJECT,
                         default_timeout_microseconds=round(arguments.queue_timeout * 1e6),
                         max_queue_size=arguments.queue_size)
    config = TritonConfig(grpc_port=arguments.grpc_port, http_port=arguments.http_port,
                          metrics_port=arguments.metrics_port, allow_metrics=True)
    with Triton(config=config) as triton:
        triton.bind(
            model_name="lqvg", infer_func=infer,
            inputs=[Tensor(name="IMAGE", dtype=bytes, shape=(1,)), Tensor(name="EXPRESSION", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="BOXES", dtype=np.float32, shape=(4,)),
                     Tensor(name="SCORES", dtype=np.float32, shape=(1,))],
            config=ModelConfig(max_batch_size=arguments.max_batch,
                               batcher=DynamicBatcher(default_queue_policy=policy)))
        triton.run()
        print("ready", flush=True)
        try:
            while triton.is_alive():
                time.sleep(1)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
