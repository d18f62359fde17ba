"""What is shipped for monitoring, tried on a real Prometheus that watches a real server under good and bad calls."""
import collections
import itertools
import json
import os
import re
import subprocess
import sys

import grpc
import pytest

from server_process import ROOT, await_true

MONITORING = ROOT / "deploy" / "monitoring"
PROMTOOL = ROOT / ".deps" / "prometheus" / "usr" / "bin" / "promtool"
RULES = (MONITORING / "alerts.yaml").read_text()
ALERTS = re.findall(r"- alert: (\w+)", RULES)
# As shipped, but firing as soon as the condition holds.
IMPATIENT_RULES = re.sub(r"\n +for: \w+", "", RULES)
CODES = {code.name: code for code in grpc.StatusCode}


def promtool(*arguments, **options):
    return subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, **options)


def send(server, sent, method, code, reason, request, **options):
    """A call that must end with `code`."""
    error = server.call(method, request, **options).exception()
    assert (grpc.StatusCode.OK if error is None else error.code()) == CODES[code], error
    sent[method, code, reason] += 1


def send_good(server, sent):
    for _ in range(20):
        send(server, sent, "Ground", "OK", "", server.request("the red ship", "plane"))
    send(server, sent, "GetModel", "OK", "", b"")


def batches(sent):
    return sent["Ground", "OK", ""] + sent["Ground", "DEADLINE_EXCEEDED", "EXPIRED_WHILE_RUNNING"]


def send_bad(server, sent):
    bad = server.request("plane")
    bad.image.encoded = bad.image.encoded[:-200]
    for _ in range(3):
        send(server, sent, "Ground", "INVALID_ARGUMENT", "IMAGE_CORRUPT", bad)
    send(server, sent, "Ground", "INVALID_ARGUMENT", "EXPRESSION_EMPTY", server.request(" "))
    send(server, sent, "Ground", "INVALID_ARGUMENT", "MALFORMED_REQUEST", b"\xff")
    send(server, sent, "Ground", "NOT_FOUND", "MODEL_NOT_FOUND", server.request("plane", model="another"))
    # An item with nothing in it, which is a call of its own; the stream ends well, and is none.
    assert server.call("GroundStream", b"").exception() is None
    sent["GroundStream", "INVALID_ARGUMENT", "FIELD_REQUIRED"] += 1


def send_too_many(server, sent):
    """One call that the model does not finish in time, and meanwhile more than the queue of one holds."""
    os.mkfifo(server.gate)
    held = server.call("Ground", server.request("plane"), timeout=None)
    await_true(lambda: "lqvg_inflight_requests 1" in server.scrape(), "the call is in")
    for _ in range(5):
        send(server, sent, "Ground", "UNAVAILABLE", "QUEUE_FULL", server.request("plane"))
    assert held.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED
    sent["Ground", "DEADLINE_EXCEEDED", "EXPIRED_WHILE_RUNNING"] += 1
    os.close(os.open(server.gate, os.O_WRONLY))  # lets the model go on
    os.unlink(server.gate)


@pytest.fixture(scope="module")
def watched(start):
    """After calls of every kind: (server, its Prometheus, what was sent, alerts before the bad calls)."""
    server = start.server("--queue-requests=1", "--default-deadline=3s")
    prometheus = start.prometheus(server, IMPATIENT_RULES)
    prometheus.await_sample("lqvg_requests_total")
    sent = collections.Counter()
    send_good(server, sent)
    prometheus.await_sample("job:lqvg_failures_per_call:ratio_rate5m >= 0")
    prometheus.await_sample(f"sum(lqvg_requests_total) == {sent.total()}")
    when_healthy = prometheus.firing()
    send_bad(server, sent)
    send_too_many(server, sent)
    prometheus.await_sample(f"sum(lqvg_requests_total) == {sent.total()}")
    prometheus.await_sample(f"lqvg_batch_images_count == {batches(sent)}")
    return server, prometheus, sent, when_healthy


def test_promtool_finds_no_fault_with_what_is_shipped():
    for arguments in ("check config prometheus.yml", "check rules --lint=all --lint-fatal alerts.yaml",
                      "test rules alerts_test.yaml"):
        result = promtool(*arguments.split(), cwd=MONITORING)
        assert result.returncode == 0, result.stdout + result.stderr


def test_promtool_finds_no_fault_with_the_metrics(watched):
    result = promtool("check", "metrics", input=watched[0].scrape())
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


def test_every_call_is_counted_once_by_method_code_and_reason(watched):
    _, prometheus, sent, _ = watched
    counted = {(labels["method"], labels["code"], labels.get("reason", "")): value
               for labels, value in prometheus.query("lqvg_requests_total > 0")}
    assert counted == sent


def test_counters_of_every_reason_are_there_with_the_contracts_code(watched):
    _, prometheus, _, _ = watched
    contract = re.findall(r"// ([A-Z_]+)[,:].*\n(?:\s*//.*\n)*\s*ERROR_REASON_(\w+) = \d+;",
                          (ROOT / "proto" / "lqvg" / "v1" / "grounding.proto").read_text())
    assert len(contract) > 30
    samples = prometheus.query('lqvg_requests_total{method="Ground",code!="OK"}')
    assert {(labels["code"], labels["reason"]) for labels, _ in samples} == set(contract)


def test_histograms_and_gauges_agree_with_what_was_sent(watched):
    _, prometheus, sent, _ = watched
    answered, ground_calls = sent["Ground", "OK", ""], sum(n for (method, *_), n in sent.items() if method == "Ground")
    items = sum(n for (method, *_), n in sent.items() if method == "GroundStream")
    expected = {
        "lqvg_expressions_total": 2 * answered,
        "lqvg_image_pixels_sum": 480 * 360 * answered,
        "lqvg_batch_images_sum": batches(sent),
        'lqvg_stage_duration_seconds_count{stage="model"}': answered,
        'lqvg_stage_duration_seconds_count{stage="respond"}': ground_calls + items,
        'lqvg_request_duration_seconds_count{method="Ground"}': ground_calls,
        'lqvg_request_duration_seconds_count{method="GroundStream"}': items,
        "lqvg_deadline_slack_seconds_count": answered + 1,
        'lqvg_deadline_slack_seconds_bucket{le="0"}': 1,
        "lqvg_expired_executed_total": 0,
        'lqvg_build_info{version="%s"}' % (ROOT / "VERSION").read_text().strip(): 1,
        'lqvg_model_info{name="fake",device="cpu",precision="fp32"}': 1,
        "lqvg_queue_bytes": 0,
        "lqvg_inflight_requests": 0,
        "process_resident_memory_bytes > lqvg_memory_limit_bytes": None,
    }
    found = {}
    for query in expected:
        samples = prometheus.query(query)
        found[query] = samples[0][1] if samples else None
    assert found == expected


def test_every_query_of_the_dashboard_finds_something(watched):
    _, prometheus, _, _ = watched
    dashboard = json.loads((MONITORING / "dashboards" / "lqvg.json").read_text())
    queries = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(queries) > 30
    empty = []
    for title, query in queries:
        for variable, value in (("$job", "lqvg"), ("$instance", ".*"), ("$__rate_interval", "5m")):
            query = query.replace(variable, value)
        assert "$" not in query, f"{title}: an unknown variable in {query}"
        if not prometheus.query(query):
            empty.append(f"{title}: {query}")
    assert not empty


def test_the_dashboard_is_what_its_script_makes():
    script = ROOT / "tools" / "make_dashboard.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def rules_of(prometheus):
    return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]


def test_every_rule_is_evaluated_and_asks_for_metrics_that_exist(watched):
    _, prometheus, _, _ = watched
    names = set(prometheus.get("label/__name__/values"))
    rules = rules_of(prometheus)
    assert [rule["name"] for rule in rules if rule["type"] == "alerting"] == ALERTS
    for rule in rules:
        assert rule["health"] == "ok", rule
        asked = set(re.findall(r"\b(?:job:)?(?:lqvg|process)_[\w:]+", rule["query"]))
        assert asked <= names, rule["query"]


def test_every_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on(watched):
    _, prometheus, _, _ = watched
    for rule in (rule for rule in rules_of(prometheus) if rule["type"] == "alerting"):
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, rule
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['name'].lower()}"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_seen_to_fire_by_its_unit_tests(alert):
    tests = (MONITORING / "alerts_test.yaml").read_text()
    by_series = rf"""labels: 'ALERTS{{alertname="{alert}",alertstate="firing",.*value: 1"""
    by_text = rf"alertname: {alert}\n +eval_time: \w+\n +exp_alerts:\n +- exp_labels"
    assert re.search(f"{by_series}|{by_text}", tests)


def test_overload_fires_the_alerts_of_overload_and_no_other(watched):
    _, prometheus, _, when_healthy = watched
    assert when_healthy == set()
    expected = {"LqvgSheddingLoad", "LqvgErrorBudgetBurnFast", "LqvgErrorBudgetBurnSlow"}
    await_true(lambda: prometheus.firing() >= expected, expected)
    assert prometheus.firing() == expected
    for alert in prometheus.get("alerts")["alerts"]:
        assert re.search(r"\d%", alert["annotations"]["summary"]), "the value, filled in"


def test_a_server_that_is_gone_fires_down_and_no_other_alert(start):
    server = start.server()
    prometheus = start.prometheus(server, IMPATIENT_RULES)
    prometheus.await_sample("up == 1")
    await_true(lambda: prometheus.firing() == set(), "before the first scrape, LqvgAbsent is right")
    server.kill()
    await_true(prometheus.firing, "an alert")
    assert prometheus.firing() == {"LqvgDown"}


# --- docs/metrics.md ---


def rows_of(heading):
    """The cells of the table that follows a heading of docs/metrics.md, without its head."""
    page = (ROOT / "docs" / "metrics.md").read_text()
    lines = page[page.index(f"# {heading}\n"):].splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("| ---"))
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[begin + 1:])
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in table]


def families_of(text):
    """{name: (type, labels, help)} of a scrape, without what the HTTP library says of itself."""
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
    families = {}
    for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M):
        samples = re.findall(rf"^{name}(?:_bucket|_sum|_count)?{{(.*)}} ", text, re.M)
        labels = {label for sample in samples for label in re.findall(r'(\w+)="', sample)} - {"le"}
        families[name] = (kind, ", ".join(sorted(labels)), helps[name])
    return {name: family for name, family in families.items() if not name.startswith("exposer_")}


def test_the_page_of_metrics_says_what_is_scraped(watched):
    rows = rows_of("Metrics")
    page = {name: (kind, labels, meaning) for name, kind, labels, _, meaning in rows}
    assert page == families_of(watched[0].scrape())
    for name, _, _, unit, _ in rows:
        for suffix in ("seconds", "bytes"):
            assert (suffix in name) == (unit == suffix), name


def test_what_the_page_calls_absent_is_not_scraped(watched):
    absent = [name for name, _ in rows_of("In the contract, and absent today")]
    assert len(absent) > 0
    scraped = watched[0].scrape()
    assert [name for name in absent if name in scraped] == []
