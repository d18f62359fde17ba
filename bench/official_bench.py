"""`serving_bench.py official`: lqvg-server beside the official LQVG code behind Triton, with the same weights and cores.

First both must find the same boxes, or the run ends: what follows would compare two different models. Then one caller asks
them in turns, both the same: made-up pictures of the model's own size, in the same order.
"""

import json
import os
import random
import re
import subprocess
import urllib.request

from server_under_load import BIN, NO_CACHES, ROOT, Server, load

CASES = ROOT / "tests" / "reference" / "cases"
CHECKED = ("landscape_832x640.png", "small_upscaled_333x500.png")  # with bars at the top and at the sides
SCORE_TOLERANCE, BOX_TOLERANCE = 1e-4, 1e-4  # the latter times the longer side of the picture
EXPRESSIONS = (1, 4)  # of a picture in a call
TURNS = 2
TIMEOUT_SECONDS = 600
SCENES = 64
MEASURED = "Requests/s | p50, s | Processor, s a call"
NEEDED = "torch, torchvision, cv2, einops, safetensors, transformers, pytriton.triton"


class CannotRun(Exception):
    """With one sentence that says what is missing."""


def check(arguments):
    """The model's config.json; raises CannotRun."""
    for option in ("official", "triton", "model"):
        if not getattr(arguments, option):
            raise CannotRun(f"official needs --{option}")
    for name in ("opts.py", "inference_rsvg.py", "models/LQVG.py", "util/transforms.py"):
        if not (arguments.official / name).is_file():
            raise CannotRun(f"--official {arguments.official} is no checkout of LANMNG/LQVG: it has no {name}")
    for name in ("config.json", "model.safetensors", "vocab.json", "merges.txt"):
        if not (arguments.model / name).is_file():
            raise CannotRun(f"--model {arguments.model} is no model directory: it has no {name}")
    config = json.loads((arguments.model / "config.json").read_text(encoding="utf-8"))
    if config["backbone"] != "resnet50":
        raise CannotRun(f"--model {arguments.model} is not full-size: the official code has no such backbone")
    for name in ("lqvg-server", "lqvg-load", "lqvg"):
        if not (BIN / name).is_file():
            raise CannotRun(f"{BIN / name} is not built")
    try:
        done = subprocess.run([arguments.triton, "-c", f"import {NEEDED}"], text=True, capture_output=True, check=False)
    except OSError as error:
        raise CannotRun(f"--triton {arguments.triton} does not start: {error.strerror}") from error
    if done.returncode != 0:
        raise CannotRun(f"--triton {arguments.triton} lacks what bench/official/requirements.txt lists: "
                        f"{(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return config


def our_server(arguments):
    command = [BIN / "lqvg-server", f"--model={arguments.model}", f"--threads={arguments.threads}", "--listen=127.0.0.1:0",
               "--metrics-listen=127.0.0.1:0", "--drain-delay=0s", *NO_CACHES]
    return Server(command, r"ready: .*?grpc ([^,]+),", arguments.out / "lqvg.log", {"OMP_WAIT_POLICY": "PASSIVE"})


def official_server(arguments):
    """And the address of its HTTP port."""
    port = random.randrange(20000, 30000)
    command = [arguments.triton, ROOT / "bench/official/official_model.py", "--official", arguments.official, "--model",
               arguments.model, "--threads", arguments.threads, "--grpc-port", port, "--http-port", port + 1,
               "--metrics-port", port + 2]
    # Triton writes to the same log, piece by piece: the line may begin with one of its own.
    server = Server(command, r"(?<=threads\n)ready$", arguments.out / "official.log",
                    {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": str(arguments.threads)})
    server.address = f"127.0.0.1:{port}"
    return server, f"127.0.0.1:{port + 1}"


def runs_on(out):
    """What the official server said of itself as it became ready."""
    log = (out / "official.log").read_text(encoding="utf-8", errors="replace")
    return re.search(r"torch \S+, \d+ threads(?=\nready$)", log, re.MULTILINE).group()


def ours(address, picture, expressions):
    """The best box of each expression, with its score as the fifth number."""
    command = [BIN / "lqvg", "ground", "--json", "--server", address, "--timeout", f"{TIMEOUT_SECONDS}s", "--image", picture]
    for expression in expressions:
        command += ["--expression", expression]
    answer = json.loads(subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout)
    if answer["receipt"].get("image_cache") != "CACHE_OUTCOME_OFF":
        raise SystemExit("lqvg-server remembers pictures, and those of the load come again: that is not the model's speed")
    # JSON of protobuf leaves zeros out.
    return [[result["boxes"][0].get(name, 0.0) for name in ("x_min", "y_min", "x_max", "y_max", "score")]
            for result in answer["results"]]


def theirs(address, picture, expressions):
    """The same over Triton's HTTP port, which takes the picture's bytes behind the JSON."""
    encoded = picture.read_bytes()
    tensor = len(encoded).to_bytes(4, "little") + encoded
    head = json.dumps({"inputs": [
        {"name": "IMAGE", "datatype": "BYTES", "shape": [1, 1], "parameters": {"binary_data_size": len(tensor)}},
        {"name": "EXPRESSION", "datatype": "BYTES", "shape": [len(expressions), 1], "data": expressions}]}).encode()
    request = urllib.request.Request(f"http://{address}/v2/models/lqvg/infer", head + tensor,
                                     {"Inference-Header-Content-Length": str(len(head))})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        outputs = {output["name"]: output["data"] for output in json.load(answer)["outputs"]}
    boxes = outputs["BOXES"]
    return [[*boxes[4 * i:4 * i + 4], score] for i, score in enumerate(outputs["SCORES"])]


def differences(a, b, longer_side):
    """The largest of the scores, and of the boxes over the longer side."""
    score = max(abs(x[4] - y[4]) for x, y in zip(a, b, strict=True))
    return score, max(abs(x[i] - y[i]) for x, y in zip(a, b, strict=True) for i in range(4)) / longer_side


def compare_answers(our_address, their_address):
    """The largest differences over the checked pictures; ends the run where they are too large."""
    cases = json.loads((CASES / "cases.json").read_text(encoding="utf-8"))
    worst = (0.0, 0.0)
    for name in CHECKED:
        of_picture = [case for case in cases if case["image"] == name]
        expressions = [case["expression"] for case in of_picture]
        found = differences(ours(our_address, CASES / name, expressions), theirs(their_address, CASES / name, expressions),
                            max(of_picture[0]["width"], of_picture[0]["height"]))
        worst = tuple(map(max, worst, found))
    if worst[0] > SCORE_TOLERANCE or worst[1] > BOX_TOLERANCE:
        raise SystemExit(f"the two servers do not answer alike: scores differ by {worst[0]:.1e} of {SCORE_TOLERANCE:.0e}, "
                         f"boxes by {worst[1]:.1e} of {BOX_TOLERANCE:.0e}")
    return worst


def measure_turn(server, protocol, arguments, side, expressions, turn):
    step = load(server, protocol, arguments.out, "--concurrency", 1, "--duration", f"{arguments.seconds}s", "--warm-up", "0s",
                "--timeout", f"{TIMEOUT_SECONDS}s", "--scenes", SCENES, "--size", side, "--expressions", expressions, "--seed",
                turn)[0]
    if step["ok"] == 0 or step["ok"] != step["sent"] or step["answers"]["crossed"]:
        raise SystemExit(f"calls failed: {step['statuses']} {step['messages']}")
    if step["expressions_ok"] != expressions * step["ok"]:
        raise SystemExit(f"not every call had {expressions} expressions")
    return step


def requests_per_second(step):
    """Of one caller that never rests. Calls over the step's time would count one that outlasts it as finished in it."""
    return 1 / step["latency_seconds"]["mean"]


def row(expressions, turn, our_step, their_step):
    def cells(step):
        return (f"{step['ok']} | {requests_per_second(step):.3f} | {step['latency_seconds']['p50']:.2f} | "
                f"{step['server_seconds_per_call']:.2f}")

    return (f"| {expressions} | {turn} | {cells(our_step)} | {cells(their_step)} | "
            f"{requests_per_second(our_step) / requests_per_second(their_step):.2f} |")


def measure_official(arguments):
    """What was measured, for serving.json; prints a Markdown table row by row. Raises CannotRun."""
    config = check(arguments)
    arguments.threads = arguments.threads or len(os.sched_getaffinity(0))
    rows = []
    behind_triton, http_address = official_server(arguments)
    with our_server(arguments) as our, behind_triton as their:
        score, box = compare_answers(our.address, http_address)
        environment = runs_on(arguments.out)
        print(f"Official code: {environment}. Answers differ by at most {score:.1e} in a score, {box:.1e} of the longer side in a "
              f"box.\n\n| Expressions a call | Turn | lqvg-serve, calls | {MEASURED} | Official, calls | {MEASURED} | "
              "Requests/s, ratio |\n" + "| --- " * 11 + "|", flush=True)
        for expressions in EXPRESSIONS:
            for turn in range(1, TURNS + 1):
                our_step = measure_turn(our, "lqvg", arguments, config["input_size"], expressions, turn)
                their_step = measure_turn(their, "oip", arguments, config["input_size"], expressions, turn)
                print(row(expressions, turn, our_step, their_step), flush=True)
                rows.append({"expressions": expressions, "turn": turn, "lqvg-serve": our_step, "official": their_step})
    return {"score_difference": score, "box_difference": box, "threads": arguments.threads, "runs_on": environment, "turns": rows}
