"""The style sheet: what it loads, and whether its colours can be read."""

from __future__ import annotations

import re

from backend.pages.render import STATIC


def test_the_style_sheet_loads_nothing() -> None:
    css = (STATIC / "coach.css").read_text()
    assert "@import" not in css
    assert "url(" not in css


def test_text_is_readable_on_its_ground_in_light_and_dark() -> None:
    css = (STATIC / "coach.css").read_text()
    for theme in re.findall(r":root \{(.*?)\}", css, re.S)[:2]:
        colours = dict(re.findall(r"--([\w-]+): (#\w+)", theme))
        grounds = ["page", "card", "sunk"]
        pairs = [(text, ground) for text in ("ink", "soft", "link") for ground in grounds]
        tones = [name.removesuffix("-bg") for name in colours if name.endswith("-bg")]
        pairs += [(tone, ground) for tone in tones for ground in ("page", "card", f"{tone}-bg")]
        pairs += [("ink", f"{tone}-bg") for tone in tones]
        for text, ground in pairs:
            assert contrast(colours[text], colours[ground]) >= 4.5, f"{text} on {ground}"


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
