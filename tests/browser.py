"""A real browser without a screen: Debian's chromium, driven by selenium through its own chromedriver."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.build import PATIENCE

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--disable-lcd-text",
)  # fmt: skip


class Browser:
    """One window. What it asked of any network and said on its console is in `requests` and `console`."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, path: Path) -> Browser:
        self.driver.get(path.as_uri())
        self.until("return document.readyState === 'complete'")
        return self

    def until(self, script: str, *arguments: Any) -> Any:
        """Wait until a script returns something true; returns that."""
        return WebDriverWait(self.driver, PATIENCE, 0.05).until(
            lambda driver: driver.execute_script(script, *arguments)
        )

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> List[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
        return list(self.js(script, selector))

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def box(self, key: str) -> WebElement:
        return self.one(f'.box[data-key="{key}"]')

    def boxes(self) -> List[str]:
        return list(self.js("return [...document.querySelectorAll('.box')].map((one) => one.dataset.key)"))

    def focused(self) -> str:
        return str(self.js("return document.activeElement.dataset.key || document.activeElement.id"))

    def requests(self) -> List[str]:
        """The addresses asked for since the last question, and not those of pages that were opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in asked if one.get("type") != "Document"]

    def console(self) -> List[str]:
        """What was said on the console since the last question: errors, warnings, refusals of the page's policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def screenshot(self, path: Path, width: int, height: int) -> None:
        self.driver.set_window_size(width, height)
        self.driver.save_screenshot(str(path))


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own. Where there is none a test is skipped; under .ci/run it fails."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        message = "no chromium here; install Debian's packages chromium and chromium-driver"
        if os.environ.get("NEEDS_CHROMIUM"):
            pytest.fail(message)
        pytest.skip(message)
    options = Options()
    options.binary_location = str(programs[0])
    for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1280,800", "--force-device-scale-factor=1"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(programs[1])))
    driver.set_page_load_timeout(PATIENCE)
    try:
        driver.get("about:blank")
        for kind in ("performance", "browser"):  # of the page that a new window shows
            driver.get_log(kind)
        yield Browser(driver)
    finally:
        driver.quit()


__all__ = ["Browser", "Keys", "browser"]
