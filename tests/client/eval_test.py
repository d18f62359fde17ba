"""`lqvg-eval`: every expression of a data set asked once, whatever happens in between, and what is said of the answers."""
import json
import signal
import threading

import grpc
import pytest

from server_process import PICTURE, await_true, has_pending_signals

# The scripted server's boxes are 20,30,70,60 for the first expression of a call, and 10 pixels further right for the second:
# an IoU of 1 and of 1200 / 1800.
RSVG_LIST = "a.jpg,20,30,70,60,a ship, at the pier\nb.jpg,120,30,170,60,a crane\na.jpg,20,30,70,60,the sea\n"
RSVG = ("--rsvg-hr", "list.txt", "--images-dir", "pictures", "--out", "out")
XML = """<annotation><filename>{name}.jpg</filename>
  <object><name>ship</name><bndbox><xmin>20</xmin><ymin>30</ymin><xmax>70</xmax><ymax>60</ymax></bndbox>
    <description>a ship</description></object>
  <object><name>pier</name><bndbox><xmin>20</xmin><ymin>30</ymin><xmax>70</xmax><ymax>60</ymax></bndbox>
    <description>a pier</description></object></annotation>"""


@pytest.fixture
def evaluate(lqvg, tmp_path):
    """evaluate(...) -> (exit code, stdout, stderr), with pictures and a list of RSVG-HR in the folder."""
    (tmp_path / "pictures").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "pictures" / name).write_bytes(name.encode())
    (tmp_path / "list.txt").write_text(RSVG_LIST)
    return lambda *arguments: lqvg(*arguments, program="lqvg-eval")


def page(tmp_path):
    return (tmp_path / "out" / "gallery" / "index.html").read_text()


def results(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]


def figures(tmp_path):
    return json.loads((tmp_path / "out" / "figures.json").read_text())


def has_reports(tmp_path):
    return (tmp_path / "out" / "report.txt").exists() or (tmp_path / "out" / "figures.json").exists()


def test_asks_each_picture_once_as_the_official_code_does_and_tells_the_figures(evaluate, server, tmp_path):
    code, out, err = evaluate(*RSVG, "--concurrency", "1")
    assert (code, err) == (0, "lqvg-eval: 3 answered, 0 failed\n")
    assert [(r.image.encoded, list(r.expressions)) for r in server.requests] == [
        (b"a.jpg", ["a ship, at the pier", "the sea"]), (b"b.jpg", ["a crane"])]
    assert not any(r.clip_boxes or r.HasField("max_boxes") or r.HasField("min_score") for r in server.requests)
    told = figures(tmp_path)
    assert told["data_set"] == "RSVG-HR list.txt"
    assert (told["expressions"], told["present"], told["absent"], told["answered"]) == (3, 3, 0, 3)
    assert told["accuracy"] == {"0.5": 2 / 3, "0.6": 2 / 3, "0.7": 1 / 3, "0.8": 1 / 3, "0.9": 1 / 3}
    assert told["mean_iou"] == pytest.approx((1 + 2 / 3) / 3)
    assert told["cumulative_iou"] == pytest.approx((1500 + 1200) / (1500 + 1800 + 3000))
    assert told["failed"] == {} and "auroc" not in told
    assert out == (tmp_path / "out" / "report.txt").read_text()
    assert "  all                       3  0.6667  0.6667  0.3333  0.3333  0.3333     0.5556          0.4286\n" in out
    assert "authors' weights" in out


def test_the_gallery_shows_the_cases_and_names_pictures_that_do_not_decode(evaluate, server, tmp_path):
    (tmp_path / "pictures" / "b.jpg").write_bytes(PICTURE)
    assert evaluate(*RSVG, "--gallery", "1")[0] == 0
    shown = page(tmp_path)
    assert "a crane" in shown and "the sea" not in shown, "one worst and one best case of three"
    assert "acc@0.5" in shown and "0.6667" in shown
    assert "a.jpg" in shown and len(list((tmp_path / "out" / "gallery").iterdir())) == 2, "a.jpg is no picture"
    assert evaluate(*RSVG, "--resume", "--gallery", "24")[0] == 0 and "the sea" in page(tmp_path)


def test_no_gallery_is_made_where_none_is_asked_for(evaluate, server, tmp_path):
    assert evaluate(*RSVG, "--gallery", "0")[0] == 0
    assert not (tmp_path / "out" / "gallery").exists()


def test_prints_the_figures_for_programs(evaluate, tmp_path):
    code, out, _ = evaluate(*RSVG, "--json")
    assert code == 0 and json.loads(out) == figures(tmp_path)


def test_asks_the_part_of_dior_rsvg_that_an_index_names(evaluate, server, tmp_path):
    (tmp_path / "xml").mkdir()
    for name in ("a", "b"):
        (tmp_path / "xml" / f"{name}.xml").write_text(XML.format(name=name))
    (tmp_path / "test.txt").write_text("0\n1\n3\n")
    code, _, err = evaluate("--dior-rsvg", "xml", "--index", "test.txt", "--images-dir", "pictures", "--out", "out")
    assert code == 0, err
    assert sorted((r.image.encoded, list(r.expressions)) for r in server.requests) == [
        (b"a.jpg", ["a ship", "a pier"]), (b"b.jpg", ["a pier"])]
    by_kind = figures(tmp_path)["by_kind"]
    assert by_kind["ship"]["expressions"] == 1 and by_kind["ship"]["mean_iou"] == 1
    assert by_kind["pier"]["expressions"] == 2 and by_kind["pier"]["mean_iou"] == pytest.approx((1 + 2 / 3) / 2)


def test_asks_about_scenes_whose_pictures_it_paints(evaluate, server, tmp_path):
    code, _, err = evaluate("--scenes", "12", "--seed", "3", "--size", "160x128", "--out", "out")
    assert code == 0, err
    pictures = {request.image.encoded for request in server.requests}
    assert len(pictures) == len(server.requests) == 12
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    lines = results(tmp_path)
    assert {line["image"] for line in lines} == {f"seed3-{i:05}.png" for i in range(12)}
    assert all(("truth" in line) != line.get("absent", False) and line["kind"] for line in lines)
    told = figures(tmp_path)
    assert told["absent"] == sum(line.get("absent", False) for line in lines) > 0
    assert told["auroc"] == 0.5  # all have the same score
    assert sum(row["expressions"] for row in told["by_kind"].values()) == told["present"]


def test_asks_any_data_set(evaluate, server, tmp_path):
    (tmp_path / "any.jsonl").write_text(
        '{"image": "a.jpg", "expression": "a ship", "box": [20, 30, 70, 60], "kind": "ship"}\n'
        '{"image": "b.jpg", "expression": "a unicorn", "box": null}\n')
    code, _, err = evaluate("--jsonl", "any.jsonl", "--images-dir", "pictures", "--out", "out")
    assert code == 0, err
    told = figures(tmp_path)
    assert (told["present"], told["absent"], told["accuracy"]["0.9"]) == (1, 1, 1)


def test_asks_the_first_expressions_only(evaluate, server, tmp_path):
    assert evaluate(*RSVG, "--limit", "2")[0] == 0
    assert sorted(list(r.expressions) for r in server.requests) == [["a crane"], ["a ship, at the pier"]]
    assert figures(tmp_path)["data_set"] == "RSVG-HR list.txt, the first 2 expressions"
    assert evaluate(*RSVG, "--resume")[2] == "lqvg-eval: 2 already done\nlqvg-eval: 1 answered, 0 failed\n"


def test_tells_the_flaws_of_a_data_set(evaluate, tmp_path):
    (tmp_path / "list.txt").write_text(RSVG_LIST + "a.jpg,70,30,20,60,turned\n")
    code, _, err = evaluate(*RSVG)
    assert code == 0
    assert err.startswith("lqvg-eval: list.txt:4: skipped: its box is empty or inside out (70,30,20,60)\n")
    assert figures(tmp_path)["expressions"] == 3


def test_counts_what_failed(evaluate, server, tmp_path):
    server.script = server.only_for(b"b.jpg", server.refuse(grpc.StatusCode.INVALID_ARGUMENT, "IMAGE_CORRUPT"))
    code, out, _ = evaluate(*RSVG)
    assert code == 1
    told = figures(tmp_path)
    assert told["failed"] == {"IMAGE_CORRUPT": 1} and told["answered"] == 2
    assert told["accuracy"]["0.5"] == 2 / 3 and told["over_answered"]["accuracy"]["0.5"] == 1
    assert "  failed 1: 1 IMAGE_CORRUPT; they count as an IoU of 0" in out


def test_resumes_after_a_torn_line_with_the_same_report(evaluate, server, tmp_path):
    evaluate(*RSVG, "--concurrency", "1")
    report, whole = (tmp_path / "out" / "report.txt").read_text(), (tmp_path / "out" / "results.jsonl").read_bytes()
    (tmp_path / "out" / "results.jsonl").write_bytes(whole[:-20])
    server.requests.clear()
    code, out, err = evaluate(*RSVG, "--resume")
    assert (code, out, err) == (0, report, "lqvg-eval: 2 already done\nlqvg-eval: 1 answered, 0 failed\n")
    assert [list(request.expressions) for request in server.requests] == [["a crane"]]
    assert (tmp_path / "out" / "results.jsonl").read_bytes() == whole


def test_makes_the_reports_of_complete_results_anew_without_a_server(evaluate, server, tmp_path):
    server.script = server.only_for(b"b.jpg", server.refuse(grpc.StatusCode.INVALID_ARGUMENT, "IMAGE_CORRUPT"))
    _, report, _ = evaluate(*RSVG)
    for name in ("report.txt", "figures.json"):
        (tmp_path / "out" / name).unlink()
    server.stop()
    assert evaluate(*RSVG, "--resume")[:2] == (1, report)
    assert (tmp_path / "out" / "report.txt").read_text() == report and figures(tmp_path)["answered"] == 2


def test_asks_again_what_found_the_server_away(evaluate, server, tmp_path):
    server.script = server.only_for(b"b.jpg", server.refuse(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN"))
    assert evaluate(*RSVG)[0] == 1
    assert figures(tmp_path)["failed"] == {"SHUTTING_DOWN": 1}
    server.script = server.answer
    assert evaluate(*RSVG, "--resume")[0] == 0
    assert figures(tmp_path)["failed"] == {}


def test_does_not_write_over_results(evaluate, server, tmp_path):
    evaluate(*RSVG)
    server.requests.clear()
    code, _, err = evaluate(*RSVG)
    assert code == 2 and "out/results.jsonl is not empty" in err
    assert server.requests == []


def test_does_not_mix_the_results_of_two_data_sets(evaluate, server, tmp_path):
    evaluate(*RSVG)
    whole = (tmp_path / "out" / "results.jsonl").read_bytes()
    server.requests.clear()
    (tmp_path / "list.txt").write_text(RSVG_LIST.replace("120,", "121,"))
    code, _, err = evaluate(*RSVG, "--resume")
    assert code == 2 and 'about b.jpg, "a crane", is not of this data set' in err
    assert server.requests == [] and (tmp_path / "out" / "results.jsonl").read_bytes() == whole


def test_ends_cleanly_when_interrupted_and_resumes(start_lqvg, evaluate, server, tmp_path):
    arrived = threading.Event()

    def hold(request, context):
        arrived.set()
        return server.hold(request, context)

    server.script = hold
    process = start_lqvg(*RSVG, "--concurrency", "1", program="lqvg-eval")
    assert arrived.wait(30)
    process.send_signal(signal.SIGINT)
    await_true(lambda: not has_pending_signals(process), "the interrupt has arrived")
    server.released.set()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (
        130, "lqvg-eval: 2 answered, 0 failed\nlqvg-eval: interrupted; --resume does the rest\n")
    assert len(results(tmp_path)) == 2 and not has_reports(tmp_path)
    assert evaluate(*RSVG, "--resume")[0] == 0
    assert figures(tmp_path)["answered"] == 3


def test_returns_four_and_reports_nothing_when_nobody_listens(evaluate, server, tmp_path):
    server.stop()
    code, out, err = evaluate(*RSVG)
    assert (code, out) == (4, "") and err.startswith("lqvg-eval: UNAVAILABLE")
    assert results(tmp_path) == [] and not has_reports(tmp_path)


def test_refuses_boxes_that_are_no_numbers(evaluate, server, messages, tmp_path):
    def stray(request, context):
        response = server.answer(request, context)
        response.results[0].boxes[0].x_max = float("nan")
        return response

    server.script = stray
    code, out, err = evaluate(*RSVG)
    assert (code, out) == (6, "") and "box.x_max is nan, not a finite number" in err
    assert not has_reports(tmp_path)


@pytest.mark.parametrize("arguments, message", [
    (("--out", "out"), "one of --rsvg-hr, --dior-rsvg, --scenes and --jsonl must"),
    ((*RSVG, "--scenes", "3"), "one of --rsvg-hr, --dior-rsvg, --scenes and --jsonl must"),
    (("--rsvg-hr", "list.txt", "--out", "out"), "--rsvg-hr needs --images-dir"),
    (("--dior-rsvg", "xml", "--images-dir", "pictures", "--out", "out"), "--dior-rsvg needs --index"),
    ((*RSVG, "--seed", "3"), "--seed does not go with --rsvg-hr"),
    (("--scenes", "3", "--images-dir", "pictures", "--out", "out"), "--images-dir does not go with --scenes"),
    (("--scenes", "0", "--out", "out"), "--scenes is 0, not 1 to 100000"),
    (("--scenes", "3", "--size", "64", "--out", "out"), "--size is '64': size 1: a side of 64 pixels"),
    (("--scenes", "3", "--seed", "x", "--out", "out"), "--seed is 'x', not a whole number"),
    (("--scenes", "3"), "--out must name a folder"),
    ((*RSVG, "--limit", "0"), "--limit is 0, not 1 to"),
    ((*RSVG, "--concurrency", "65"), "--concurrency is 65, not 1 to 64"),
    ((*RSVG, "more"), "'more' is no option"),
    ((*RSVG, "--timeout", "3"), "--timeout is '3'"),
    (("--rsvg-hr", "empty.txt", "--images-dir", "pictures", "--out", "out"), "empty.txt: holds no expression"),
    (("--rsvg-hr", "missing.txt", "--images-dir", "pictures", "--out", "out"), "missing.txt"),
    (("--rsvg-hr", "list.txt", "--images-dir", "pictures", "--out", "list.txt"), "list.txt")], ids=" ".join)
def test_returns_two_for_a_wrong_command_line(evaluate, server, tmp_path, arguments, message):
    (tmp_path / "empty.txt").write_text("\n")
    code, out, err = evaluate(*arguments)
    assert (code, out) == (2, "") and message in err
    assert server.requests == [] and not (tmp_path / "out" / "results.jsonl").exists()


def test_help_and_version(evaluate):
    code, out, _ = evaluate("--help")
    assert code == 0 and "--dior-rsvg" in out and "  130  interrupted" in out
    assert evaluate("--version")[1].startswith("lqvg-eval ")
