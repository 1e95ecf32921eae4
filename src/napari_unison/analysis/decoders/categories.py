"""Probabilities of all categories from classifiers that may have seen only some of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class OneCategory:
    """A classifier that has seen one category only, which scikit-learn's refuse to fit.

    Attributes
    ----------
    index : int
        The category that it has seen.
    """

    index: int

    @property
    def classes_(self) -> npt.NDArray[np.int64]:
        """The category, (1,)."""
        return np.array([self.index])

    def predict_proba(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return 1 for each of the rows, (m, 1)."""
        return np.ones((len(features), 1))


def category_columns(
    classifier: Any, features: npt.NDArray[Any], n_categories: int
) -> npt.NDArray[np.float64]:
    """Return the probability of each category, (m, k); 0 for those that the classifier has not seen.

    Parameters
    ----------
    classifier : object with ``classes_`` and ``predict_proba``
        Fitted on indices of categories.
    features : ndarray, (m, D)
        Rows to classify.
    n_categories : int
        k, all categories.
    """
    columns = np.zeros((len(features), n_categories))
    columns[:, classifier.classes_] = classifier.predict_proba(features)
    return columns
