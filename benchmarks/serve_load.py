"""How much the service takes: ``python benchmarks/serve_load.py``.

Starts ``feedback-nlp serve`` on a free port of the loopback and sends it the bundled sample, in batches of
several sizes from several clients at once. Prints reviews per second, the median and the 95th percentile of
the answer times, and the CPU time that the server used per review (which a busy machine changes little).
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import threading
import time
from itertools import cycle, islice

import numpy as np
import psutil

from feedback_nlp import load_sample


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="linear")
    options.add_argument("--seconds", type=float, default=5.0, help="for each line of the table")
    chosen = options.parse_args()
    texts = [text for text in load_sample()["反馈内容"].dropna().tolist() if text.strip()]
    words = [sys.executable, "-m", "feedback_nlp", "serve", "--port", "0", "--model", chosen.model]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().rpartition(":")[2])
        print(
            f"{'clients':>7} {'batch':>5} {'reviews/s':>9} {'p50 ms':>7} {'p95 ms':>7} {'CPU µs/review':>13}"
        )
        for clients, batch in ((1, 1), (8, 1), (1, 100), (4, 100), (4, 1000)):
            line(port, psutil.Process(server.pid), texts, clients, batch, chosen.seconds)
    finally:
        server.terminate()
        server.wait()


def line(
    port: int, server: psutil.Process, texts: list[str], clients: int, batch: int, seconds: float
) -> None:
    source = cycle(texts)
    bodies = [
        json.dumps({"reviews": [{"text": text} for text in islice(source, batch)]}).encode()
        for _ in range(40)
    ]
    ask(port, bodies[:1], time.perf_counter() + 60, [], once=True)
    before, began = cpu(server), time.perf_counter()
    taken: list[float] = []
    threads = [
        threading.Thread(target=ask, args=(port, bodies, began + seconds, taken)) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, n = time.perf_counter() - began, len(taken) * batch
    p50, p95 = 1000 * np.quantile(taken, [0.5, 0.95])
    spent = 1e6 * (cpu(server) - before) / n
    print(f"{clients:7d} {batch:5d} {n / wall:9,.0f} {p50:7.1f} {p95:7.1f} {spent:13.0f}")


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def ask(port: int, bodies: list[bytes], until: float, taken: list[float], *, once: bool = False) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for body in bodies if once else cycle(bodies):
        began = time.perf_counter()
        if began > until:
            break
        connection.request("POST", "/score", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"status {answer.status}")
        taken.append(time.perf_counter() - began)
    connection.close()


if __name__ == "__main__":
    main()
