"""`serving_bench.py sharing`: what it saves that expressions of one picture share the work on it.

In turns, each time with a new picture: four questions about it in one call, in four calls at once, and in four calls one
after another; and four questions about four new pictures, one after another, which share nothing.
"""

import concurrent.futures
import statistics
import subprocess
import sys
import time

from server_under_load import BIN, ROOT, Server

sys.path.insert(0, str(ROOT / "client" / "python" / "src"))

ROUNDS = 3
QUESTIONS = 4
TIMEOUT_SECONDS = 600
EXPRESSIONS = ("the large white storage tank on the left", "a ship near the harbour", "the road in the middle of the picture",
               "the second building from the right")
WAYS = ("one call", "four calls at once", "four calls, one after another")


def make_scenes(out, side):
    """One picture for each way, and four that share nothing, in each round."""
    count = ROUNDS * (len(WAYS) + QUESTIONS) + 1
    subprocess.run([BIN / "lqvg-scenes", "--seed", "1", "--count", str(count), "--size", f"{side}x{side}", "--out",
                    out / "sharing"], check=True, stdout=subprocess.DEVNULL)
    return sorted((out / "sharing").glob("*.png"))


def measure_sharing(arguments):
    """Seconds of every round, for serving.json; prints a Markdown table."""
    import lqvg  # needs the packages of the repository's own Python

    model = arguments.model or ROOT / "models" / "demo"
    command = [BIN / "lqvg-server", f"--model={model}", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
               "--drain-delay=0s", f"--threads={arguments.threads or 0}"]
    seconds = {way: [] for way in ("four new pictures", *WAYS)}
    with Server(command, r"ready: .*?grpc ([^,]+),", arguments.out / "lqvg.log") as server, lqvg.Client(server.address) as client:
        pictures = iter(make_scenes(arguments.out, client.get_model().input_size))

        def ask(picture, *expressions):
            answer = client.ground(picture, list(expressions), timeout=TIMEOUT_SECONDS)
            assert all(result.error is None for result in answer.results)

        def timed(way, work):
            begun = time.monotonic()
            work()
            seconds[way].append(time.monotonic() - begun)

        ask(next(pictures), *EXPRESSIONS)  # their text part is in the cache from here on, in every way alike
        for _ in range(ROUNDS):
            new = [next(pictures) for _ in EXPRESSIONS]
            timed("four new pictures", lambda: [ask(picture, text) for picture, text in zip(new, EXPRESSIONS, strict=True)])
            picture = next(pictures)
            timed(WAYS[0], lambda: ask(picture, *EXPRESSIONS))
            picture = next(pictures)
            with concurrent.futures.ThreadPoolExecutor(QUESTIONS) as pool:
                timed(WAYS[1], lambda: list(pool.map(lambda text: ask(picture, text), EXPRESSIONS)))
            picture = next(pictures)
            timed(WAYS[2], lambda: [ask(picture, text) for text in EXPRESSIONS])

    cold = statistics.median(seconds["four new pictures"])
    print(f"\nFour questions, {model.name}, median of {ROUNDS} rounds\n\n| How | Seconds | Throughput over that of four new "
          "pictures |\n| --- | --- | --- |")
    for way, taken in seconds.items():
        print(f"| {way} | {statistics.median(taken):.3f} | {cold / statistics.median(taken):.2f} |", flush=True)
    return seconds
