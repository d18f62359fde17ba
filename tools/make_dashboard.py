#!/usr/bin/env python3
"""Writes deploy/monitoring/dashboards/lqvg.json, Grafana's dashboard of lqvg-server: one line here is one panel there.

    tools/make_dashboard.py [--check]

--check changes nothing and exits 1 when the file is not what this script makes. The queries are tried against a real
Prometheus by tests/monitoring.
"""
import json
import pathlib
import sys

OUT = pathlib.Path(__file__).resolve().parents[1] / "deploy" / "monitoring" / "dashboards" / "lqvg.json"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 8, 8  # of a panel; Grafana's grid is 24 wide

OF = 'job="$job",instance=~"$instance"'
PER_SECOND = "[$__rate_interval]"


def rate(metric, by="", labels=""):
    group = f" by ({by})" if by else ""
    return f"sum{group} (rate({metric}{{{OF}{labels}}}{PER_SECOND}))"


def quantile(q, metric, by="", labels=""):
    return f"histogram_quantile({q}, {rate(metric + '_bucket', 'le' + by, labels)})"


def mean(metric, by="", labels=""):
    return f"{rate(metric + '_sum', by, labels)} / {rate(metric + '_count', by, labels)}"


def gauge(metric):
    return f"{metric}{{{OF}}}"


GROUND = ',method=~"Ground|GroundStream|ModelInfer"'
LOAD = GROUND + ',reason=~"QUEUE_FULL|MEMORY_BUDGET|DEADLINE_UNREACHABLE"'
HITS = rate("lqvg_cache_hits_total", "cache")
DURATION, STAGE, SLACK = "lqvg_request_duration_seconds", "lqvg_stage_duration_seconds", "lqvg_deadline_slack_seconds"
MODEL_STAGE = "lqvg_model_stage_duration_seconds"

# Rows of panels: title, unit, description, and a query for each legend.
ROWS = {
    "Calls: rate, errors, duration": [
        ("Answered calls by code", "reqps", "Grounding calls that ended, by gRPC status code.",
         {"{{code}}": rate("lqvg_requests_total", "code", GROUND)}),
        ("Calls that failed, by reason", "reqps", "Grounding calls that did not end OK, by the contract's ErrorReason.",
         {"{{reason}}": rate("lqvg_requests_total", "reason", GROUND + ',code!="OK"') + " > 0"}),
        ("Failures by the service's fault", "percentunit",
         "Share of all grounding calls of the job, over 5 minutes and over an hour. The objective allows 0.1 %.",
         {"5 minutes": 'job:lqvg_failures_per_call:ratio_rate5m{job="$job"}',
          "1 hour": 'job:lqvg_failures_per_call:ratio_rate1h{job="$job"}'}),
        ("Duration", "s", "From a grounding call's arrival to its answer, refusals included.",
         {"median": quantile(0.5, DURATION, labels=GROUND), "90 %": quantile(0.9, DURATION, labels=GROUND),
          "99 %": quantile(0.99, DURATION, labels=GROUND)}),
        ("Time left to the deadline", "s",
         "When a call was answered or expired: the median, and the least of all but 1 %. 0 is late.",
         {"median": quantile(0.5, SLACK), "1 %": quantile(0.01, SLACK)}),
        ("Expressions", "cps", "Expressions answered, and those of them that failed alone.",
         {"answered": rate("lqvg_expressions_total"),
          "failed: {{reason}}": rate("lqvg_expression_errors_total", "reason")}),
    ],
    "Queue and batches": [
        ("Calls inside", "short", "Admitted and not answered: all, and those that the model has not begun with.",
         {"{{instance}} inside": gauge("lqvg_inflight_requests"),
          "{{instance}} waiting": gauge("lqvg_pending_requests")}),
        ("Bytes of the requests inside", "bytes", "What --queue-bytes limits.",
         {"{{instance}}": gauge("lqvg_queue_bytes")}),
        ("Time in queues", "s", "Before a thread reads the request, and before the model begins with it, together.",
         {"median": quantile(0.5, STAGE, labels=',stage="queue"'),
          "99 %": quantile(0.99, STAGE, labels=',stage="queue"')}),
        ("Calls refused for load", "reqps",
         "The queue, the memory for requests, or the time to the deadline did not suffice.",
         {"{{reason}}": rate("lqvg_requests_total", "reason", LOAD)}),
        ("Batches", "cps", "Runs of the model.", {"batches": rate("lqvg_batch_images_count")}),
        ("Batch size", "short",
         "What the mean batch ran of pictures, and of pairs of a picture and an expression, not what was cached; and how "
         "many it might hold: less than configured, on some replica, after batches that did not fit into memory.",
         {"pictures": mean("lqvg_batch_images"), "expressions": mean("lqvg_batch_expressions"),
          "pictures, at most": f"min ({gauge('lqvg_batch_images_limit')})",
          "expressions, at most": f"min ({gauge('lqvg_batch_expressions_limit')})"}),
    ],
    "Caches": [
        ("Share of look-ups that hit", "percentunit", "Of each cache; nothing where nothing was asked.",
         {"{{cache}}": f"{HITS} / ({HITS} + {rate('lqvg_cache_misses_total', 'cache')})"}),
        ("Evictions", "cps", "Entries that had to go for newer ones: where there are many, the budget is small.",
         {"{{cache}}": rate("lqvg_cache_evictions_total", "cache")}),
        ("Bytes held", "bytes", "Of each replica; with --device=cuda, features are in the device's memory.",
         {"{{instance}} {{cache}}": gauge("lqvg_cache_bytes")}),
    ],
    "Stages": [
        ("Mean time of a call's stages", "s", "Of calls that reached the stage.", {"{{stage}}": mean(STAGE, "stage")}),
        ("99 % of a call's stages", "s", "99 of 100 calls took at most this long in the stage.",
         {"{{stage}}": quantile(0.99, STAGE, ",stage")}),
        ("Mean time of a batch's parts", "s", "Inside the model: pictures, expressions, and what needs both.",
         {"{{stage}}": mean(MODEL_STAGE, "stage")}),
        ("Where the model's time goes", "percentunit",
         "Seconds of each part in a second; their sum, for each replica, is how busy the device is.",
         {"{{stage}}": rate(MODEL_STAGE + "_sum", "stage")}),
        ("Picture size", "short", "Pixels of the pictures that were grounded.",
         {"median": quantile(0.5, "lqvg_image_pixels"), "99 %": quantile(0.99, "lqvg_image_pixels")}),
    ],
    "Process": [
        ("CPU", "short", "Cores in use.", {"{{instance}}": f"rate(process_cpu_seconds_total{{{OF}}}{PER_SECOND})"}),
        ("Memory", "bytes", "Resident, and what the process may use.",
         {"{{instance}}": gauge("process_resident_memory_bytes"),
          "{{instance}} limit": gauge("lqvg_memory_limit_bytes")}),
        ("File descriptors", "short", "Open, and allowed. Each connection takes one.",
         {"{{instance}}": gauge("process_open_fds"), "{{instance}} limit": gauge("process_max_fds")}),
        ("Threads", "short", "Of the process.", {"{{instance}}": gauge("process_threads")}),
        ("Uptime", "s", "Time since the process started.",
         {"{{instance}}": f"time() - {gauge('process_start_time_seconds')}"}),
        ("Faults", "short", "Each is a fault of the service or of its device, and should stay 0.",
         {"device: {{class}}": f"sum by (class) (increase(lqvg_device_errors_total{{{OF}}}{PER_SECOND}))",
          "ran expired": f"sum (increase(lqvg_expired_executed_total{{{OF}}}{PER_SECOND}))",
          "INTERNAL": f'sum (increase(lqvg_requests_total{{{OF},code="INTERNAL"}}{PER_SECOND}))'}),
    ],
    "Model and build": [
        ("Replicas", "short", "Scraped, and with a model loaded.",
         {"up": f"count(up{{{OF}}} == 1)", "with a model": f"count({gauge('lqvg_model_info')})"}),
        ("Model", "table", "What each replica serves.", {"": gauge("lqvg_model_info")}),
        ("Build", "table", "What each replica runs.", {"": gauge("lqvg_build_info")}),
    ],
}


def make_panel(number, place, title, unit, description, queries):
    is_table = unit == "table"
    targets = [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, "expr": expr, "legendFormat": legend,
                **({"instant": True, "format": "table"} if is_table else {})}
               for i, (legend, expr) in enumerate(queries.items())]
    panel = {"id": number, "type": "table" if is_table else "timeseries", "title": title, "description": description,
             "datasource": DATASOURCE, "gridPos": place, "targets": targets}
    if is_table:
        hidden = {name: True for name in ("Time", "Value", "__name__", "job")}
        return panel | {"fieldConfig": {"defaults": {}, "overrides": []}, "options": {"showHeader": True},
                        "transformations": [{"id": "organize", "options": {"excludeByName": hidden}}]}
    drawing = {"fillOpacity": 10, "showPoints": "never"}
    return panel | {"fieldConfig": {"defaults": {"unit": unit, "min": 0, "custom": drawing}, "overrides": []},
                    "options": {"legend": {"displayMode": "list", "placement": "bottom"},
                                "tooltip": {"mode": "multi", "sort": "desc"}}}


def make_panels():
    panels, top = [], 0
    for row, contents in ROWS.items():
        panels.append({"id": len(panels) + 1, "type": "row", "title": row, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}})
        top += 1
        for i, content in enumerate(contents):
            place = {"x": i * WIDTH % 24, "y": top + i * WIDTH // 24 * HEIGHT, "w": WIDTH, "h": HEIGHT}
            panels.append(make_panel(len(panels) + 1, place, *content))
        top += (len(contents) * WIDTH + 23) // 24 * HEIGHT
    return panels


def query_variable(name, label, query, **more):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "refresh": 2, "sort": 1,
            "query": {"query": query, "refId": name}, **more}


def make_dashboard():
    variables = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        query_variable("job", "Job", "label_values(lqvg_build_info, job)"),
        query_variable("instance", "Replica", 'label_values(lqvg_build_info{job="$job"}, instance)', multi=True,
                       includeAll=True, allValue=".*", current={"text": "All", "value": "$__all"}),
    ]
    return {
        "uid": "lqvg",
        "title": "lqvg-server",
        "description": "Calls, queue, stages, process and model of lqvg-server. Made by tools/make_dashboard.py.",
        "tags": ["lqvg"],
        "schemaVersion": 38,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": variables},
        "annotations": {"list": []},
        "links": [],
        "panels": make_panels(),
    }


def main():
    text = json.dumps(make_dashboard(), indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        if not OUT.exists() or OUT.read_text() != text:
            sys.exit(f"{OUT.name} is not what {pathlib.Path(__file__).name} makes: run it, and commit both")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        OUT.write_text(text)


if __name__ == "__main__":
    main()
