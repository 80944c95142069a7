# SPDX-License-Identifier: MIT OR GPL-2.0-only
"""The page that the guest serves, as a browser shows it."""

import html.parser
import re
import subprocess

from harness import test
from test_httpd import serve

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--window-size=1200,800"]


class _Text(html.parser.HTMLParser):
    """The text of a page, without what is not shown."""

    def __init__(self):
        super().__init__()
        self._hidden = 0
        self._plot = ""
        self.words = []
        self.points = {}  # of each plot's curve: how many

    def handle_starttag(self, tag, attrs):
        self._hidden += tag in ("script", "style", "head")
        attrs = dict(attrs)
        if tag == "svg":
            self._plot = attrs["id"]
        elif tag == "path" and attrs["class"] == "curve":
            self.points[self._plot] = attrs["d"].count(",")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style", "head")

    def handle_data(self, data):
        if not self._hidden:
            self.words += data.split()


@test(envs="qemu-microvm", bound=120)
def page(t):
    """What the page shows is what the guest printed on its console."""
    guest = serve(t)
    host, port = guest.address("tcp", 80)
    shown = subprocess.run(
        [*CHROMIUM, f"--user-data-dir={t.scratch}/browser", "--virtual-time-budget=5000",
         "--dump-dom", f"http://{host}:{port}/"],
        capture_output=True, text=True, timeout=t.patience(60), check=True)
    parser = _Text()
    parser.feed(shown.stdout)
    text = " ".join(parser.words)
    said = re.findall(r"^(hypervisor|clock): (.+)$", guest.console, re.MULTILINE)
    said += re.findall(r"^(device): (\S+ \S+)", guest.console, re.MULTILINE)
    assert len(said) == 4, guest.console
    for key, value in said:
        assert value in text, f"{key} {value} is not on the page: {text[:1000]}"
    assert sorted(parser.points) == ["drift", "rate"], parser.points
    assert min(parser.points.values()) >= 2, parser.points
