"""What a person does with the page again and again in these tests."""

from typing import Any

from playwright.async_api import Locator, Page


def last_message(page: Page) -> Locator:
    return page.get_by_test_id("message").last


async def type_line(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").focus()
    await page.keyboard.type(text)


async def send_line(page: Page, text: str) -> None:
    """Type a line and send it."""
    await page.get_by_test_id("composer").fill(text)
    await page.keyboard.press("Enter")


async def give_file(page: Page, way: str, name: str, content: str) -> None:
    """Drop or paste a file: a browser makes such an event only for real hands."""
    script = """([way, name, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], name, { type: "audio/midi" }));
      const target = document.querySelector("[data-testid=composer]");
      const made = { bubbles: true, cancelable: true };
      if (way === "drop") target.dispatchEvent(new DragEvent("drop", { ...made, dataTransfer: transfer }));
      else target.dispatchEvent(new ClipboardEvent("paste", { ...made, clipboardData: transfer }));
    }"""
    arguments: list[Any] = [way, name, content]
    await page.evaluate(script, arguments)
