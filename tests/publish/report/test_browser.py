"""The page in a real browser: its script, its layout and its colours."""

import base64
import itertools
import re

import pytest
from contrast import contrasts, luminance

from lh_eval.publish.report.page import report
from lh_eval.publish.report.prompts import Prompts


@pytest.fixture
def open_page(chromium, sweep, tmp_path):
    def open_page(width=1280, height=900, *, scheme="light"):
        file = tmp_path / "report.html"
        file.write_text(report(sweep[1], Prompts()), encoding="utf-8")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
        # a window that is not the desktop's foremost gets no focus events
        chromium.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        chromium.get(file.as_uri())
        return chromium

    return open_page


def find(browser, selector):
    return browser.find_element("css selector", selector)


def visible(browser, selector):
    return [found for found in browser.find_elements("css selector", selector) if found.is_displayed()]


def hover(browser, element):
    from selenium.webdriver import ActionChains

    ActionChains(browser).move_to_element(element).perform()


def press(browser, *keys):
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def test_it_opens_without_a_word_and_runs_nothing_that_a_model_said(open_page):
    browser = open_page()
    assert browser.title == "Retrieval report: passkey"
    assert browser.get_log("browser") == []
    assert find(browser, "#shown").text == "2 settings, 1 failing samples listed"


def test_pointing_at_a_cell_shows_its_note(open_page):
    browser = open_page()
    note = find(browser, "#note")
    assert not note.is_displayed()
    hover(browser, find(browser, "[data-cell='s1-1024-100']"))
    assert note.is_displayed()
    for text in ("1 of n = 2", "0.09 to 0.91", "selection recall 0.25", "The pass key is", "</script><script>"):
        assert text in note.text
    assert find(browser, "#note mark").text.startswith("⟦")
    hover(browser, note)
    assert note.is_displayed()
    assert browser.title == "Retrieval report: passkey"
    press(browser, "\ue00c")  # Escape
    assert not note.is_displayed()


def test_arrow_keys_go_from_note_to_note(open_page):
    browser = open_page()
    browser.execute_script("document.querySelector('#heatmaps .heatmap button').focus()")
    note = find(browser, "#note")
    assert "512 tokens, depth 0 %" in note.text
    press(browser, "\ue014", "\ue015")  # right, down
    assert "1K tokens, depth 100 %" in note.text
    focused = browser.switch_to.active_element
    assert focused.get_attribute("aria-describedby") == "note"
    assert focused.value_of_css_property("outline-style") != "none"
    assert len(browser.find_elements("css selector", "#s0 .heatmap button[tabindex='0']")) == 1


def test_filters(open_page):
    browser = open_page()
    find(browser, "#filter-failing").click()
    assert [found.get_attribute("data-cell") for found in visible(browser, ".heatmap button")] == ["s1-1024-100"] * 2
    assert len(visible(browser, "#settings tbody tr")) == 1
    find(browser, "#filter-failing").click()
    find(browser, "#filter-length option[value='512']").click()
    assert visible(browser, ".sample") == []
    assert {found.text for found in visible(browser, ".heatmap thead th[data-length]")} == {"512"}
    find(browser, "#filter-length option[value='']").click()
    find(browser, "#filter-setting option:nth-child(2)").click()
    assert [found.get_attribute("id") for found in visible(browser, "#heatmaps article")] == ["s0"]
    assert find(browser, "#shown").text == "1 settings, 0 failing samples listed"
    find(browser, "#filter-setting option").click()
    find(browser, "#filter-task option:nth-child(2)").click()
    assert len(visible(browser, "#heatmaps article")) == 2


def test_nothing_is_wider_than_a_phone(open_page):
    browser = open_page(390, 844)
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    find(browser, "[data-cell='s1-1024-100']").click()
    box = find(browser, "#note").rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert browser.execute_script("return document.getElementById('note').getBoundingClientRect().bottom") == 844


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(open_page, scheme):
    browser = open_page(scheme=scheme)
    hover(browser, find(browser, "[data-cell='s1-1024-100']"))
    lights = contrasts(browser)
    assert len(lights) > 50
    assert min(lights) >= (4.5,), min(lights)


def test_each_step_of_the_colours_is_readable(open_page):
    browser = open_page()
    for step in range(11):
        colours = browser.execute_script(
            "const style = getComputedStyle(arguments[0]); return [style.color, style.backgroundColor]",
            find(browser, f".ramp .r{step}"),
        )
        low, high = sorted(map(luminance, colours))
        assert (high + 0.05) / (low + 0.05) >= 4.5, step


def test_on_paper_controls_go_and_details_are_open(open_page):
    browser = open_page()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert visible(browser, "nav, #filters, #note") == []
    # Selenium takes what is in a closed <details> for hidden whatever the style sheet says
    shown = browser.execute_script(
        "return [...document.querySelectorAll('dd:not(.screen)')].map((e) => e.checkVisibility())"
    )
    assert shown
    assert all(shown)
    data = browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert base64.b64decode(data).startswith(b"%PDF")
    assert pages(data) <= 2


def pages(data):
    return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(data)))


def test_a_phone_is_told_of_columns_beyond_its_edge(open_page):
    hint = "return getComputedStyle(document.querySelector('#settings .wide'), '::before').content"
    assert "scroll sideways" in open_page(390, 844).execute_script(hint)
    assert open_page(1280).execute_script(hint) == "none"


def test_headings_go_down_one_step_at_a_time_and_ids_are_unique(open_page):
    browser = open_page()
    levels = [int(found.tag_name[1]) for found in browser.find_elements("css selector", "h1, h2, h3")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
