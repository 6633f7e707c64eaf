"""The street's page in a real browser: several bays, both languages, a person's hands."""

import shutil
from pathlib import Path

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from tests.plant.harness import CAR
from vendrive.clock import SystemClock
from vendrive.plant.program import PlantSettings, running_plant
from vendrive.tower.layout import load_layout

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the street's page is untested")


async def test_a_person_acts_in_each_bay_in_either_language(desk: Path) -> None:
    settings = PlantSettings("test", load_layout("carvana34"), desk / "plant", speed=50, seed=1)
    complaints: list[str] = []
    async with running_plant(settings, SystemClock()) as plant, async_playwright() as playwright:
        async with httpx.AsyncClient(base_url=plant.world, verify=False) as street:
            await street.post("/world/arrive", json={"tag": "T1", **CAR})
        for bay in ("B1", "B2"):
            plant.controller.world.bays[bay].street.opening = 1.0
        browser = await playwright.chromium.launch(executable_path=Path(CHROMIUM or ""), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 360, "height": 800}, locale="en-GB")
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(plant.world)
        await expect(page.locator("h2")).to_contain_text(["Bay B1", "Bay B2", "Bay B3"])
        await page.get_by_role("button", name="Drive into B2").click()
        await page.locator("[data-act=parkB2]").click()
        panel = page.locator("section", has_text="Bay B2")
        await panel.get_by_role("combobox").select_option("pet")
        await panel.get_by_role("button", name="Comes in").click()
        await panel.get_by_role("button", name="Gets into the car").click()
        await expect(panel.locator("dd", has_text="pet")).to_have_count(1)
        await page.locator("[data-act=mode]").select_option("maintenance")
        await page.get_by_role("button", name="Fire breaks out").click()
        await expect(page.locator("#machine")).to_contain_text("emergency stop: fire")
        await page.locator("#language").click()
        await expect(page.locator("#machine")).to_contain_text("急停: fire")
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await browser.close()
    body = plant.controller.world.bays["B2"]
    assert (body.beside, plant.controller.world.cars["T1"].inside) == (("person",), ("pet",))
    assert plant.controller.world.mode == "maintenance"
    assert complaints == []
