"""The chart as Helm sees it: lint, and every set of values under every version of Kubernetes."""

from checks import check
from helm import lint


@check("O01", "lint of the chart")
def test_lint():
    complaints = lint()
    assert not [c for c in complaints if c[0] >= 2], complaints
    return f"{len(complaints)} remarks"
