"""What an embedding means: decoding and its control, single latents, flow.

Everything here carries the kind of its embedding: scores on an aligned embedding are circular, because
labels chose its partners; only a score on a label-free one is decoding.
"""

from napari_unison.analysis.attribution import attribute
from napari_unison.analysis.attribution_scores import Attribution, SessionAttribution
from napari_unison.analysis.consistency import Consistency, consistency
from napari_unison.analysis.decoding import ALL_SESSIONS, DecodingScores, LabelScore, decode
from napari_unison.analysis.flow import FlowField, flow_field
from napari_unison.analysis.folds import Fold, guard_bins, lap_folds, with_laps
from napari_unison.analysis.latents import LatentScores, choose_latents, divide_embedding, score_latents
from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.protocol import cross_validate
from napari_unison.analysis.protocol_comparison import PairedDifference, ProtocolComparison
from napari_unison.analysis.protocol_result import MethodRuns, ProtocolResult
from napari_unison.analysis.protocol_scores import Estimate, ProtocolScore
from napari_unison.analysis.quick_scores import QuickScores, quick_scores
from napari_unison.analysis.smoothing import smooth

__all__ = [
    "ALL_SESSIONS",
    "Attribution",
    "Consistency",
    "DecodingScores",
    "Estimate",
    "FlowField",
    "Fold",
    "LabelScore",
    "LatentScores",
    "MethodRuns",
    "OnProgress",
    "PairedDifference",
    "ProtocolComparison",
    "ProtocolResult",
    "ProtocolScore",
    "QuickScores",
    "SessionAttribution",
    "attribute",
    "choose_latents",
    "consistency",
    "cross_validate",
    "decode",
    "divide_embedding",
    "flow_field",
    "guard_bins",
    "lap_folds",
    "quick_scores",
    "score_latents",
    "smooth",
    "with_laps",
]
