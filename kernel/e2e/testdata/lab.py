"""The notebooks in a real JupyterLab, in a real browser."""

import json
import time

import nbformat
from browser import ERRORS, Browser
from suite import log


class Lab(Browser):
    def test_figure4(self):
        nb = nbformat.read(self.root / "figure4.ipynb", as_version=4)
        page = self.open("figure4.ipynb", nb)
        code = [c for c in nb.cells if c.cell_type == "code"]
        start = time.monotonic()
        self.run_all(page)
        done = [f"[{n}]:" for n in range(1, len(code) + 1)]
        self.until(page, lambda: self.prompts(page) == done, f"cells do not end: {self.prompts(page)}", 180)
        log(f"Run All of {len(code)} cells took {time.monotonic() - start:.1f} s")
        page.wait_for_timeout(1500)  # charts draw themselves after the cell has ended
        page.keyboard.press("Control+b")  # the file browser's side bar goes
        self.window(page, "figure4-window.png", at="Figure4c()")
        self.whole(page, "figure4.png")
        self.assertEqual(page.locator(ERRORS).all_inner_texts(), [])

        # The charts also hold small pictures: the buttons of their menus.
        drawn = page.locator(".jp-OutputArea-output :is(img, svg, canvas)").all()
        sizes = [box["width"] * box["height"] for box in (d.bounding_box() for d in drawn) if box]
        figures = sum(size > 50_000 for size in sizes)
        log(f"{figures} figures")
        self.assertGreaterEqual(figures, 4, "the four panels of the figure")
        self.assertGreaterEqual(page.locator(".jp-RenderedHTMLCommon table tbody tr").count(), 8)
        text = page.locator(".jp-Notebook").inner_text()
        for mse in ("1.23", "2.58", "9.33"):  # the paper's, times 1e4, 1e5, 1e6
            self.assertIn(mse, text)
        self.assertEqual(self.problems, [])

    def test_a_cell_of_ones_own(self):
        """What an analyst does next: a new cell, completion, an interrupt."""
        name = "scratch.ipynb"
        page = self.open(name, nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))
        editor = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.type("fmt.Sprin")
        page.keyboard.press("Tab")
        page.wait_for_selector(".jp-Completer-item:has-text('Sprintf')", timeout=20_000)
        self.window(page, "completion.png")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+a")
        page.keyboard.type("for { }")
        page.keyboard.press("Control+Enter")
        self.until(page, lambda: self.kernel_state(name) == "busy", "the cell does not start")
        page.keyboard.press("Escape")
        page.keyboard.press("i")
        page.keyboard.press("i")
        self.until(page, lambda: self.kernel_state(name) == "idle", "the interrupt does nothing", 20)
        shown = page.locator(ERRORS).first.inner_text()
        self.assertIn("KeyboardInterrupt", shown)
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.type("20 + 22")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".jp-OutputArea-executeResult:has-text('42')", timeout=20_000)
        self.assertEqual(self.problems, [])

    def drag(self, page, share, steps=40):
        """Drags the slider to a share of its length, as a hand does."""
        track = page.locator(".widget-slider .slider").first.bounding_box()
        handle = page.locator(".widget-slider .noUi-handle").first.bounding_box()
        y = handle["y"] + handle["height"] / 2
        page.mouse.move(handle["x"] + handle["width"] / 2, y)
        page.mouse.down()
        page.mouse.move(track["x"] + share * track["width"], y, steps=steps)
        page.mouse.up()
        return page.locator(".widget-slider .widget-readout").first.inner_text()

    def figure(self, page):
        """What the figure that follows the slider shows: a digest of its pixels."""
        return page.evaluate(
            "() => { const img = document.querySelector('.widget-interact img.widget-image');"
            " if (!img || !img.complete || !img.naturalWidth) return null;"
            " const c = document.createElement('canvas'); c.width = 320; c.height = 210;"
            " c.getContext('2d').drawImage(img, 0, 0, 320, 210); return c.toDataURL(); }"
        )

    def film(self, page):
        """Films the page; the result stops and gives the frames."""
        camera, frames = self.browser.new_cdp_session(page), []

        def take(frame):
            frames.append(frame["data"])
            camera.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

        def stop():
            camera.send("Page.stopScreencast")
            camera.detach()
            return frames

        camera.on("Page.screencastFrame", take)
        camera.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
        return stop

    def ink(self, frames, place):
        """How many pixels of each frame are not white at a place."""
        page = self.browser.new_page()
        try:
            return [
                page.evaluate(
                    "async ([data, p]) => { const img = new Image(); img.src = 'data:image/png;base64,' + data; await img.decode();"
                    " const c = new OffscreenCanvas(img.width, img.height).getContext('2d'); c.drawImage(img, 0, 0);"
                    " const px = c.getImageData(p.x, p.y, p.width, p.height).data; let n = 0;"
                    " for (let i = 0; i < px.length; i += 4) n += px[i] + px[i+1] + px[i+2] < 700; return n; }",
                    [data, place],
                )
                for data in frames
            ]
        finally:
            page.close()

    def test_a_slider_moves_the_figure(self):
        """The widgets' notebook: a hand on the slider, then the page loaded anew."""
        name = "decay_index.ipynb"
        nb = nbformat.read(self.root / name, as_version=4)
        page = self.open(name, nb)
        code = [c for c in nb.cells if c.cell_type == "code"]
        self.run_all(page)
        done = [f"[{n}]:" for n in range(1, len(code) + 1)]
        self.until(page, lambda: self.prompts(page) == done, f"cells do not end: {self.prompts(page)}")
        page.keyboard.press("Control+b")
        self.until(page, lambda: self.figure(page), "no figure under the slider")
        page.locator(".widget-interact").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        first = self.figure(page)
        self.window(page, "widgets-before.png", at="widget.Interact")

        film = self.film(page)
        shown = self.drag(page, 0.97)
        self.assertGreater(float(shown), 0.65, "the slider was not dragged")
        self.until(page, lambda: self.figure(page) not in (None, first), "the figure does not follow the slider")
        page.wait_for_timeout(1000)
        place = page.locator(".widget-interact img.widget-image").bounding_box()
        frames = self.ink(film(), place)
        log(f"a drag in {len(frames)} frames, with {len(set(frames))} different figures")
        self.assertGreater(len(set(frames)), 3, "the figure does not follow the hand")
        self.assertGreater(min(frames), 0.7 * max(frames), f"the figure flickers: {frames}")
        self.window(page, "widgets-dragged.png", at="widget.Interact")
        dragged = self.figure(page)

        # A choice, a click, and a cell that reads what was chosen.
        page.locator(".widget-dropdown select").first.select_option("SFT")
        self.until(page, lambda: self.figure(page) not in (None, dragged), "the figure does not follow the menu")
        page.locator("button.jupyter-button:has-text('Find the best p')").click()
        page.wait_for_selector(".widget-output:has-text('SFT: p = 0.5')", timeout=20_000)
        readout = page.locator(".widget-slider .widget-readout").first
        self.until(page, lambda: readout.inner_text().startswith("0.5"), "the kernel does not move the slider")
        self.window(page, "widgets-found.png", at="search :=")
        found = readout.inner_text()
        page.locator(".jp-CodeCell .cm-content").last.click()
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(f".jp-OutputArea-output:has-text('p is {found}, for SFT')", timeout=20_000)

        # The page is loaded anew: from the notebook and from the kernel.
        page.keyboard.press("Escape")
        page.keyboard.press("Control+s")
        path = self.root / name

        def saved():
            try:
                metadata = json.loads(path.read_text())["metadata"].get("widgets", {})
            except json.JSONDecodeError:  # the server is writing it
                return None
            return metadata.get("application/vnd.jupyter.widget-state+json", {}).get("state")

        self.until(page, saved, "the notebook is saved without the state of its widgets")
        self.assertIn("ImageModel", {s["model_name"] for s in saved().values()})
        page.goto(f"{self.server.url}/lab/tree/{name}")
        page.wait_for_selector(".widget-interact .widget-readout", timeout=60_000)
        self.until(page, lambda: self.figure(page), "no figure on the page that was loaded anew")
        self.assertEqual(readout.inner_text(), found)
        again = self.figure(page)
        page.wait_for_selector(".widget-output:has-text('SFT: p = 0.5')", timeout=20_000)
        self.window(page, "widgets-reloaded.png", at="widget.Interact")
        self.until(page, lambda: self.kernel_state(name) == "idle", "the kernel does not get idle")
        self.assertLess(float(self.drag(page, 0.1)), 0.45)
        self.until(page, lambda: self.figure(page) not in (None, again), "the figure is dead after the reload")
        self.assertEqual(page.locator(ERRORS).all_inner_texts(), [])
        self.assertEqual(self.problems, [])
