"""%pkg: modules that are not compiled in, from a proxy of the test's own and from
a folder. Each build links the real kernel, so that there are few."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import zipfile

from harness import KERNEL, KernelCase, start_new_kernel
from suite import log

GREET = "example.test/greet"
VERSIONS = {
    "v1.0.0": 'package greet\n\n// Hello greets.\nfunc Hello(name string) string { return "hello " + name }\n',
    "v1.1.0": 'package greet\n\nfunc init() { panic("not in the mood") }\n\nfunc Hello(name string) string { return name }\n',
}
STATS = {
    "go.mod": "module stats\n\ngo 1.26\n",
    "stats.go": 'package stats\n\n// int three(void) { return 3; }\nimport "C"\n\n// Three is written in C.\nfunc Three() int { return int(C.three()) }\n',
}


def publish(root):
    """Makes a module proxy of files."""
    at = root / "example.test" / "greet" / "@v"
    at.mkdir(parents=True)
    mod = f"module {GREET}\n\ngo 1.26\n"
    for version, source in VERSIONS.items():
        (at / f"{version}.info").write_text('{"Version":"%s","Time":"2026-01-01T00:00:00Z"}' % version)
        (at / f"{version}.mod").write_text(mod)
        with zipfile.ZipFile(at / f"{version}.zip", "w") as z:
            for name, text in {"go.mod": mod, "greet.go": source}.items():
                z.writestr(f"{GREET}@{version}/{name}", text)
    (at / "list").write_text("\n".join(VERSIONS) + "\n")


def forget_modules():
    """Takes the test's modules out of the module cache, which is the user's."""
    cache = pathlib.Path(os.environ["GOMODCACHE"])
    for place in (cache / "example.test", cache / "cache" / "download" / "example.test"):
        if place.exists():
            subprocess.run(["chmod", "-R", "u+w", str(place)], check=True)
            shutil.rmtree(place)


class Modules(KernelCase):
    limit = 170

    @classmethod
    def setUpClass(cls):
        tmp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(tmp.cleanup)
        cls.tmp = pathlib.Path(tmp.name)
        cls.folder = cls.tmp / "notebooks"
        cls.folder.mkdir()
        publish(cls.tmp / "proxy")
        forget_modules()
        cls.addClassCleanup(forget_modules)
        cls.env = {
            **os.environ,
            "GOPROXY": (cls.tmp / "proxy").as_uri() + "," + os.environ["GOPROXY"],
            "GONOSUMDB": "example.test",
            "XDG_CACHE_HOME": str(cls.tmp / "cache"),
            "XDG_CONFIG_HOME": str(cls.tmp / "config"),
        }
        cls.km, cls.kc = start_new_kernel(kernel_name=KERNEL, cwd=str(cls.folder), env=cls.env)

    def local(self, more=""):
        for name, text in STATS.items():
            path = self.folder / "stats" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + (more if name.endswith(".go") else ""))

    def test_a_life_with_modules(self):
        front = self.process().pid
        self.ok("kept := 5")

        refused = self.fails(f'import "{GREET}"', "CompileError")
        self.assertIn(f"%pkg add {GREET}", refused.error)

        for code, said in {
            "%pkg add example.test/nosuch": "there is no such module",
            f"%pkg add {GREET}@v7.0.0": "there is no such version",
            "%pkg add ./nosuch": "there is no folder",
            "%pkg add gonum.org/v1/gonum@v0.15.0": "is compiled into Divvy",
            "%pkg add gonum.org/v1/gonum/mat": "is compiled in: import it",
            "%pkg grow": "usage:",
        }.items():
            self.assertIn(said, self.fails(code, "PackageError", timeout=60).error, code)
        self.assertEqual(self.ok("kept").result, "5", "an error cost the variables")

        start = time.monotonic()
        ran = self.ok(f'%pkg add {GREET}@v1.0.0\nimport "{GREET}"\ngreet.Hello("you")', timeout=150)
        log(f"added, with a build: {time.monotonic() - start:.1f} s")
        self.assertEqual(ran.result, "hello you")
        self.assertIn(f"ready: {GREET}@v1.0.0", ran.stdout)
        self.assertIn("all variables are gone", ran.stdout)
        self.assertEqual(self.process().pid, front, "the kernel itself was restarted")
        self.fails("kept", "CompileError")

        # It is the whole of Divvy that was built.
        table = self.ok(
            "t, err := arrowio.FromStructs([]struct{ A int }{{20}, {22}})\n"
            'arrowio.SQL(ctx, "select sum(a) as s from t", map[string]*arrowio.Table{"t": t})'
        )
        self.assertIn("42", table.result)
        docs = self.ok("?greet.Hello").reply["payload"][0]["data"]["text/plain"]
        self.assertIn("Hello greets.", docs)

        # Once more, it costs nothing, and a restart does not lose it.
        self.assertIn("there already", self.ok(f"%pkg add {GREET}@v1.0.0\nkept := 6").stdout)
        self.assertIn("there already", self.ok(f"%pkg add {GREET}").stdout)
        self.assertEqual(self.ok("kept").result, "6")
        self.km.restart_kernel(now=False)
        self.kc.wait_for_ready(timeout=30)
        self.assertEqual(self.ok(f'import "{GREET}"\ngreet.Hello("again")').result, "hello again")
        self.assertIn(f"{GREET}@v1.0.0", self.ok("%pkg list").stdout)

        # A folder: its first build is for nothing, as the user changes his mind.
        self.local()
        self.ok("kept := 7")
        msg_id = self.send("%pkg add ./stats")
        time.sleep(0.5)
        self.km.interrupt_kernel()
        stopped = self.finish(msg_id, timeout=20)
        self.assertEqual((stopped.status, stopped.reply["ename"]), ("error", "KeyboardInterrupt"), stopped.error)
        self.assertEqual(self.ok("kept").result, "7", "a stopped build cost the variables")

        # In the background, cells run meanwhile.
        self.local("\nfunc Four() int { return Three() + 1 }\n")
        self.ok("%pkg add ./stats &")
        self.assertEqual(self.ok("kept + 1").result, "8")
        programs = self.tmp / "cache" / "divvy" / "programs"
        self.assertEventually(lambda: len(list(programs.glob("*/modules.json"))) == 2, "no program was built", timeout=120)
        start = time.monotonic()
        ran = self.ok('%pkg add ./stats\nimport "stats"\nstats.Four()', timeout=60)
        log(f"added, from the cache: {time.monotonic() - start:.1f} s")
        self.assertEqual(ran.result, "4")
        self.assertEqual(self.ok(f'import "{GREET}"\ngreet.Hello("still")').result, "hello still")

        # A program that does not start changes nothing.
        self.ok("kept := 8")
        broken = self.fails(f"%pkg add {GREET}@v1.1.0", "PackageError", timeout=150)
        self.assertIn("does not start", broken.error)
        self.assertIn("not in the mood", broken.error)
        self.assertEqual(self.ok("kept").result, "8")

        start = time.monotonic()
        self.ok("%pkg remove stats", timeout=60)
        log(f"removed, with a program from the cache: {time.monotonic() - start:.1f} s")
        self.fails('import "stats"\nstats.Three()', "CompileError")
        self.ok(f"%pkg remove {GREET}", timeout=60)
        self.fails(f'import "{GREET}"\ngreet.Hello("")', "CompileError")
        self.assertIn("nothing was added", self.ok("%pkg list").stdout)

    def test_words_of_pkg_are_completed(self):
        reply = self.kc.complete("%pkg re", 7, reply=True, timeout=20)["content"]
        self.assertEqual((reply["matches"], reply["cursor_start"], reply["cursor_end"]), (["remove"], 5, 7))

    def test_it_comes_first(self):
        self.assertIn("must come first", self.fails("x := 1\n%pkg list", "CompileError").error)
