"""A ranking over data sets as a page: the answer, the critical-difference picture, the ranks."""

from __future__ import annotations

from collections.abc import Sequence

from actscope import render
from actscope.render import INK, MUTED, Figure, Markup, Section, element, html_table
from actscope.study._result import Comparison
from actscope.study.report import _present as show
from actscope.study.report._pictures import Picture
from actscope.study.statistics._equivalence import ALPHA
from actscope.study.statistics._ranking import Ranking, ranking_text


def ranking_page(ranking: Ranking, studies: Sequence[Comparison]) -> str:
    """The page: no script, no outside request, every name escaped."""
    picture = ranks(ranking)
    networks = sum(study.members_trained for study in studies)
    sections = [
        Section("The ranks", [_figure(picture), _table(ranking)]),
        Section("Each data set by itself", [_each(ranking, studies)]),
        Section("How it was done", [element("p", _method(ranking))]),
    ]
    return render.html_page(
        f"Which activation function over {len(ranking.data)} data sets?",
        sections,
        lead=[element("p", ranking_text(ranking), class_="verdict")],
        footer=f"Made by actscope. {show.count(networks, 'network')} trained.",
    )


def ranking_fragment(ranking: Ranking, studies: Sequence[Comparison]) -> str:
    """As a notebook shows it."""
    lead = [element("p", ranking_text(ranking), class_="verdict")]
    return render.html_fragment(lead, _figure(ranks(ranking)), _table(ranking))


def _figure(picture: Picture) -> Markup:
    return render.figure(*picture.pictures, caption=picture.caption)


def ranks(ranking: Ranking) -> Picture:
    """Average ranks on a line, the best left; a bar joins those that cannot be told apart."""
    average = ranking.average
    names = list(average)
    looks = render.looks(names)
    bars = ranking.groups if ranking.p < ALPHA else (tuple(names),)
    row, top = 24.0, 64 + 12.0 * len(bars)

    def draw(fig: Figure, width: float) -> None:
        height = top + row * len(names) + 20
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set_ylim(height, 0)
        space = 130.0 if width < 500 else 210.0  # for the names, to the right
        ax.set_xlim(0, width)
        left, right = 24.0, width - space

        def at(rank: float) -> float:
            return left + (rank - 1) / max(len(names) - 1, 1) * (right - left)

        ax.plot([left, right], [34, 34], color=INK, lw=1.2)
        step = 1 if len(names) <= 12 else 5
        for tick in range(1, len(names) + 1, step):
            ax.plot([at(tick)] * 2, [30, 34], color=INK, lw=1)
            ax.text(at(tick), 26, str(tick), ha="center", va="bottom", color=MUTED, fontsize=10)
        for k, group in enumerate(bars):
            y = 46 + 12 * k
            ends = [at(average[group[0]]) - 3, at(average[group[-1]]) + 3]
            ax.plot(ends, [y, y], color=INK, lw=4, solid_capstyle="round")
        for k, name in enumerate(names):
            x, y = at(average[name]), top + row * k
            color = looks[name].color
            ax.plot([x, x, right + 6], [34, y, y], color=color, lw=1.3, zorder=1)
            ax.plot([x], [34], marker=looks[name].marker, ms=7, color=color, lw=0, zorder=3)
            weight = "bold" if name == ranking.best else "normal"
            limit = 14 if width < 500 else 26
            ax.text(
                right + 10, y, f"{render.label(name, limit)}  {average[name]:.2f}",
                va="center", color=INK, fontsize=11.5, fontweight=weight,
            )  # fmt: skip

    spoken = "; ".join(f"{render.label(n)} {r:.2f}" for n, r in average.items())
    made = [
        element(
            "div",
            render.picture(
                lambda fig, w=width: draw(fig, w),
                width,
                top + row * len(names) + 20,
                title="Average rank of each activation",
                description=spoken,
                arrange=False,
            ),
            class_=kind,
        )
        for kind, width in (("wide", 860.0), ("narrow", 350.0))
    ]
    caption = f"Average rank over {len(ranking.data)} data sets, 1 the best. " + (
        f"A bar joins activations whose ranks are less than {ranking.difference:.2f} (the "
        "critical difference) apart: these data sets cannot tell them from one another."
        if ranking.p < ALPHA
        else "The bar joins all: these data sets cannot tell any from another."
    )
    return Picture(caption, (element("div", made),))


def _table(ranking: Ranking) -> Markup:
    columns = ["activation", "average rank", *(render.label(d, 24) for d in ranking.data)]
    rows = [
        [render.label(name, 40), f"{ranking.average[name]:.2f}", *(f"{r:g}" for r in of)]
        for name, of in ranking.ranks.items()
    ]
    caption = "Rank by mean test score on each data set; those that tie share their mean rank."
    return html_table(columns, rows, caption=caption, numeric=range(1, len(columns)))


def _each(ranking: Ranking, studies: Sequence[Comparison]) -> Markup:
    items = []
    for number, (name, study) in enumerate(zip(ranking.data, studies, strict=True), start=1):
        shown: object = render.label(name)
        if study.folder is not None:  # each in its own, beside this page
            shown = element("a", shown, href=f"{number}/index.html")
        items.append(element("li", [shown, f": {study.verdict.text.partition(chr(10))[0]}"]))
    return element("ul", items)


def _method(ranking: Ranking) -> str:
    return (
        "Each data set had a study of its own; its mean test scores rank the activations. "
        f"Friedman's test in the form of Iman and Davenport: p = {show.probability(ranking.p)}. "
        f"Nemenyi's critical difference at 0.05: {ranking.difference:.2f} ranks (Demsar, 2006). "
        "The sample here is the data sets: more seeds make a rank surer, only more data sets make "
        "the ranking surer."
    )
