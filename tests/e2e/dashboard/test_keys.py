"""The dashboard of a service that asks for API keys."""

from __future__ import annotations

from playwright.sync_api import expect

from service.access import keys
from service.operations import migration
from service.settings import Settings
from service.tables.database import Database
from tests.service.conftest import Queue, serving


def test_a_key_is_asked_for_kept_for_the_tab_and_never_put_into_an_address(window, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    migration.upgrade(database)
    with database.writing() as session:
        secret = keys.create(session, "lab", ["read", "submit"]).key
    with serving(Settings(require_api_keys=True), database, Queue()) as client:
        shown = window(address=str(client.base_url), tolerated="401")
        page = shown.open()
        dialog = page.get_by_role("dialog", name="This service needs an API key")
        field = dialog.get_by_label("API key")
        field.fill(secret[:-1] + ("a" if secret[-1] != "a" else "b"))
        dialog.get_by_role("button", name="Use this key").click()
        # It is not the key: the dialog is there again, and empty.
        expect(field).to_have_value("")
        expect(dialog).to_be_visible()
        assert shown.violations() == []
        field.fill(secret)
        dialog.get_by_role("button", name="Use this key").click()
        expect(page.get_by_text("No jobs yet")).to_be_visible()
        page.reload()
        expect(page.get_by_text("No jobs yet")).to_be_visible()
        assert not [address for address in shown.addresses if secret[-12:] in address]
        page.get_by_role("button", name="Forget key").click()
        expect(dialog).to_be_visible()
    database.close()
