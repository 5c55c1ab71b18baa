"""A drawing backend of matplotlib without a screen: figures that are shown, or left open at a cell's end, become PNG pictures."""

import io
import sys
import types

BACKEND = "melzi_pictures"
# The first that is there draws the characters that the usual font lacks.
EAST_ASIAN_FONTS = (
    "Noto Sans CJK TC", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans TC", "Noto Sans SC", "Noto Serif CJK TC",
    "Source Han Sans TC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "AR PL UMing TW", "AR PL UKai TW",
    "Droid Sans Fallback",
)  # fmt: skip


class Pictures:
    def __init__(self, count, total_bytes):
        self.count = count
        self.total_bytes = total_bytes
        self.begin()
        backend = types.ModuleType(BACKEND)
        backend.show = lambda *_, **__: self.take()
        backend.__getattr__ = self.load
        sys.modules[BACKEND] = backend

    def begin(self):
        self.taken = []
        self.left_out = 0

    def load(self, name):
        if name != "FigureCanvas":
            raise AttributeError(name)
        import matplotlib
        from matplotlib import font_manager
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        if matplotlib.rcParams["font.family"] == ["sans-serif"]:
            known = {font.name for font in font_manager.fontManager.ttflist}
            found = next((font for font in EAST_ASIAN_FONTS if font in known), None)
            if found is not None:
                matplotlib.rcParams["font.family"] = ["sans-serif", found]
        # pyplot goes on with what is in the module's dictionary.
        sys.modules[BACKEND].FigureCanvas = FigureCanvasAgg
        return FigureCanvasAgg

    def take(self):
        """Draws all open figures, in order, and closes them."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or not hasattr(pyplot, "get_fignums"):
            return
        try:
            for number in pyplot.get_fignums():
                figure = pyplot.figure(number)
                if len(self.taken) >= self.count:
                    self.left_out += 1
                    continue
                target = io.BytesIO()
                figure.savefig(target, format="png", bbox_inches="tight")
                picture = target.getvalue()
                if sum(map(len, self.taken)) + len(picture) > self.total_bytes:
                    self.left_out += 1
                else:
                    self.taken.append(picture)
        finally:
            pyplot.close("all")
