"""The page at /docs, which shows the API to people: whole without the network."""

from __future__ import annotations

from playwright.sync_api import expect


def test_the_api_is_shown_and_tried_without_any_request_elsewhere(window, stack):
    shown = window()
    page = shown.page
    page.goto(f"{shown.address}/docs")
    operations = page.locator(".opblock")
    described = stack.client.get("/openapi.json").json()["paths"]
    expect(operations).to_have_count(sum(len(methods) for methods in described.values()))
    ready = page.locator(".opblock", has_text="/health/live")
    ready.locator(".opblock-summary-control").click()
    ready.get_by_role("button", name="Try it out").click()
    ready.get_by_role("button", name="Execute").click()
    expect(ready.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
