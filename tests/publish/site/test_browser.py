"""The index in a real browser: sorting, filters, and a phone's width."""

import pytest
from contrast import contrasts

from lh_eval.publish.report.prompts import Prompts
from lh_eval.publish.site.page import write_site


@pytest.fixture
def browser(chromium, make_run, tmp_path):
    for place, name in enumerate(("a", "b", "c")):
        make_run(name, model={"name": f"model {name}"}, score=lambda length, depth, trial, place=place: place == 1)
    make_run("d", task="keyed", lengths=[1024], score=lambda length, depth, trial: trial)
    folders = [tmp_path / name for name in "abcd"]
    index, *_ = write_site(folders, tmp_path / "site", Prompts(wanted=False), threshold=0.5)
    size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    chromium.get(index.as_uri())
    return chromium


def shown(browser):
    rows = browser.find_elements("css selector", "#runs tbody tr")
    return [row.find_element("css selector", "th").text for row in rows if row.is_displayed()]


def test_a_heading_sorts_and_what_is_not_there_comes_last(browser):
    assert browser.get_log("browser") == []
    heading = browser.find_element("css selector", "thead th:nth-child(7)")  # AUC, which one length has none of
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert shown(browser) == ["model b", "model a", "model c", "unnamed"]
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert shown(browser) == ["model a", "model c", "model b", "unnamed"]


def test_filters_leave_what_was_asked_for(browser):
    browser.find_element("css selector", "#filter-task option:nth-child(2)").click()
    assert shown(browser) == ["unnamed"]
    assert browser.find_element("id", "shown").text == "1 runs"
    browser.find_element("css selector", "#filter-task option").click()
    browser.find_element("id", "filter-text").send_keys("MODEL C")
    assert shown(browser) == ["model c"]


def test_a_phone_scrolls_the_table_alone(browser):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(browser, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    lights = contrasts(browser)
    assert len(lights) > 40
    assert min(lights) >= (4.5,), min(lights)
