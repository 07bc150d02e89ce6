"""Take screenshots of the built site, on a wide screen and a phone, light and dark: ``screenshots.py SITE FOLDER``."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGES = (
    "index.html",
    "catalogue/index.html",
    "catalogue/builtin/atan.html",
    "explorer.html",
)
SIZES = {"wide": (1280, 900), "phone": (390, 844)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def shoot(site: Path, folder: Path, pages: list[str]) -> list[Path]:
    """Write a picture of the whole of each page in each size and colour scheme, and return their paths.

    Raises:
        SystemExit: no browser is installed, or a page does not exist.
    """
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        raise SystemExit(f"no browser found: install one of {', '.join(BROWSERS)}")
    if missing := [page for page in pages if not (site / page).is_file()]:
        raise SystemExit(f"{site} has no {missing[0]}: build the site first")
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                tab = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
                )
                for page in pages:
                    tab.goto((site / page).resolve().as_uri())
                    name = page.removesuffix(".html").replace("/", "-")
                    pictures.append(folder / f"{name}-{size}-{scheme}.png")
                    tab.screenshot(path=pictures[-1], full_page=True)
                tab.close()
        browser.close()
    return pictures


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("site", type=Path, help="the built site, such as docs/_build/html")
    options.add_argument("folder", type=Path, help="where the pictures go")
    options.add_argument("--page", action="append", metavar="PAGE", help="instead of the usual ones; can be repeated")
    arguments = options.parse_args()
    present = [page for page in PAGES if page != "explorer.html" or (arguments.site / page).is_file()]
    for path in shoot(arguments.site, arguments.folder, arguments.page or present):
        print(path)
