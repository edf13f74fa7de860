"""A small scored file made of labels, without texts, scorers or taxonomy files."""

import numpy as np
import pyarrow as pa

from feedback_nlp.schema import mentions_schema, reviews_schema, scored_schema
from feedback_nlp.taxonomy import Element, Facet, Taxonomy


def make_taxonomy():
    codes = {
        "product": ("quality", "safety"),
        "service": ("attitude", "efficiency"),
        "logistics": ("speed", "packaging"),
        "overall": ("general",),
    }
    elements = tuple(
        Element(code, code, code, facets=tuple(Facet(f"{code}.{name}", name, name) for name in names))
        for code, names in codes.items()
    )
    return Taxonomy("tiny", 1, elements)


def make_reviews(rows):
    """Build reviews from dicts; columns that no row has are left out, scored columns get neutral values."""
    defaults = {
        "text": "文字",
        "fb_polarity": 0.0,
        "fb_label": "neutral",
        "fb_confidence": 0.9,
        "fb_elements": [],
        "fb_negative": [],
        "fb_flags": [],
        "fb_needs_review": False,
        "fb_status": "ok",
    }
    fields = [*reviews_schema(), *scored_schema()]
    given = {name for row in rows for name in row}
    kept = [
        f for f in fields if f.name in given or f.name.startswith("fb_") or f.name in ("review_id", "text")
    ]
    filled = [{**defaults, **row} for row in rows]
    return pa.Table.from_pylist(filled, schema=pa.schema(kept))


def make_mentions(rows):
    """Build mentions from (review_id, facet, polarity) or dicts."""
    filled = []
    for row in rows:
        if not isinstance(row, dict):
            row = dict(zip(("review_id", "facet", "polarity"), row, strict=True))
        polarity = row.get("polarity", -0.8)
        label = "negative" if polarity < -0.2 else "positive" if polarity > 0.2 else "neutral"
        base = {"clause": 0, "start": 0, "end": 5, "text": f"{row['facet']}不好", "score": 1.0}
        element = row["facet"].partition(".")[0]
        filled.append({**base, "element": element, "polarity": polarity, "label": label, **row})
    return pa.Table.from_pylist(filled, schema=mentions_schema())


def assign_by_facet(mentions, taxonomy, *, lang="zh", other=()):
    """One issue per facet; those in ``other`` are the facet's 其他."""
    rows = mentions.to_pylist()
    met = {}
    ids = []
    for row in rows:
        if row["label"] != "negative" or row["facet"] == "overall.general":
            ids.append(None)
            continue
        rest = row["facet"] in other
        issue = f"{row['facet']}:{'other' if rest else 'all'}"
        met[issue] = {"issue_id": issue, "element": row["element"], "facet": row["facet"]}
        met[issue] |= {"name": f"{row['facet']}问题", "name_en": "x", "other": rest}
        ids.append(issue)
    names = ("issue_id", "element", "facet", "name", "name_en")
    schema = pa.schema([*((name, pa.string()) for name in names), ("other", pa.bool_())])
    column = mentions.schema.get_field_index("issue_id")
    filled = mentions.set_column(column, "issue_id", pa.array(ids, pa.string()))
    return filled, pa.Table.from_pylist([met[key] for key in sorted(met)], schema=schema)


def make_file(n=300, seed=0):
    """A file of ``n`` reviews over six months in three stores, with ratings that attitude moves most."""
    rng = np.random.default_rng(seed)
    facets = [
        "product.quality",
        "service.attitude",
        "service.efficiency",
        "logistics.speed",
        "logistics.packaging",
    ]
    rates = np.array([0.3, 0.3, 0.2, 0.15, 0.05])
    reviews, mentions = [], []
    for i in range(n):
        said = rng.random(len(facets)) < rates
        sign = rng.choice([-1, 1], size=len(facets), p=[0.6, 0.4])
        mood = float((said * sign * [0.5, 1.5, 0.3, 0.2, 0.1]).sum())
        day = int(rng.integers(0, 180))
        reviews.append(
            {
                "review_id": f"R{i:05d}",
                "rating": float(np.clip(np.round(3 + mood + rng.normal(0, 0.5)), 1, 5)),
                "time": np.datetime64("2025-01-01", "s").astype(object)
                + np.timedelta64(day, "D").astype(object),
                "store": f"店{rng.integers(3)}",
                "customer": f"C{rng.integers(n)}",
                "fb_label": "negative" if mood < 0 else "positive" if mood > 0 else "neutral",
                "fb_polarity": float(np.clip(mood, -1, 1)),
                "fb_flags": ["repeat"] if rng.random() < 0.1 else [],
            }
        )
        for k, facet in enumerate(facets):
            if said[k]:
                mentions.append(
                    {
                        "review_id": f"R{i:05d}",
                        "clause": k,
                        "start": 6 * k,
                        "end": 6 * k + 5,
                        "facet": facet,
                        "polarity": float(sign[k] * rng.uniform(0.4, 1.0)),
                        "score": float(rng.uniform(0.6, 1.0)),
                        "text": f"{facet}{i % 7}",
                    }
                )
    return make_reviews(reviews), make_mentions(mentions)
