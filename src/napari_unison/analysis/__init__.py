"""What an embedding means: decoding and its controls, baselines, single latents, consistency, flow.

Everything here carries the kind of its embedding: scores on an aligned embedding are circular, because
labels chose its partners; only a score on a label-free one is decoding.
"""

from napari_unison.analysis.attribution.attribute import attribute
from napari_unison.analysis.attribution.scores import Attribution, SessionAttribution
from napari_unison.analysis.baselines.bayesian import BayesianPlaceDecoder
from napari_unison.analysis.baselines.oracle import OracleDecoder
from napari_unison.analysis.baselines.own_activity import (
    PrincipalComponents,
    SmoothedNeighbours,
    SupervisedNetwork,
)
from napari_unison.analysis.baselines.state_space import BayesianStateSpaceDecoder
from napari_unison.analysis.behaviour_overlap import BehaviourOverlap, behaviour_overlap
from napari_unison.analysis.consistency import Consistency, consistency
from napari_unison.analysis.controls.aligned_controls import AlignedControls, aligned_controls
from napari_unison.analysis.controls.null_distribution import NullDistribution, null_distribution
from napari_unison.analysis.controls.permuted_laps import lap_permuted, wrong_labels
from napari_unison.analysis.decoders.fitting import FittedDecoder, fit_decoder
from napari_unison.analysis.decoding import ALL_SESSIONS, DecodingScores, LabelScore, decode
from napari_unison.analysis.decoding_study import (
    DecodingStudy,
    DecodingStudyError,
    StudyOptions,
    study_decoding,
)
from napari_unison.analysis.encoders.encoder_fits import EncoderFits
from napari_unison.analysis.encoders.encoder_methods import (
    LabelFreeEncoder,
    SingleSessionEncoder,
    UntrainedEncoder,
    decode_label_free,
)
from napari_unison.analysis.flow import FlowField, flow_field
from napari_unison.analysis.incomplete_behaviour import incomplete_behaviour
from napari_unison.analysis.incomplete_scores import IncompleteBehaviour
from napari_unison.analysis.latents import LatentScores, choose_latents, divide_embedding, score_latents
from napari_unison.analysis.part_embeddings import PartEmbeddings, part_embeddings
from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.protocol.comparison import PairedDifference, ProtocolComparison
from napari_unison.analysis.protocol.cross_validation import cross_validate
from napari_unison.analysis.protocol.folds import Fold, guard_bins, lap_folds, with_laps
from napari_unison.analysis.protocol.methods import Method
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.result import MethodRuns, ProtocolResult
from napari_unison.analysis.protocol.scores import Estimate, ProtocolScore
from napari_unison.analysis.quick_scores import QuickScores, quick_scores
from napari_unison.analysis.side_by_side import SideBySide, side_by_side
from napari_unison.analysis.smoothing import smooth
from napari_unison.analysis.study_plan import KeptFits, kept_fits
from napari_unison.analysis.time_context import DEFAULT_CONTEXT, TimeContext
from napari_unison.analysis.unfinished_studies import UnfinishedStudy, unfinished_study

__all__ = [
    "ALL_SESSIONS",
    "DEFAULT_CONTEXT",
    "AlignedControls",
    "Attribution",
    "BayesianPlaceDecoder",
    "BayesianStateSpaceDecoder",
    "BehaviourOverlap",
    "Consistency",
    "DecodingScores",
    "DecodingStudy",
    "DecodingStudyError",
    "EncoderFits",
    "Estimate",
    "FittedDecoder",
    "FlowField",
    "Fold",
    "IncompleteBehaviour",
    "KeptFits",
    "LabelFreeEncoder",
    "LabelScore",
    "LatentScores",
    "Method",
    "MethodRuns",
    "NullDistribution",
    "OnProgress",
    "OracleDecoder",
    "PairedDifference",
    "PartEmbeddings",
    "Prediction",
    "PrincipalComponents",
    "ProtocolComparison",
    "ProtocolResult",
    "ProtocolScore",
    "QuickScores",
    "SessionAttribution",
    "SideBySide",
    "SingleSessionEncoder",
    "SmoothedNeighbours",
    "StudyOptions",
    "SupervisedNetwork",
    "TimeContext",
    "UnfinishedStudy",
    "UntrainedEncoder",
    "aligned_controls",
    "attribute",
    "behaviour_overlap",
    "choose_latents",
    "consistency",
    "cross_validate",
    "decode",
    "decode_label_free",
    "divide_embedding",
    "fit_decoder",
    "flow_field",
    "guard_bins",
    "incomplete_behaviour",
    "kept_fits",
    "lap_folds",
    "lap_permuted",
    "null_distribution",
    "part_embeddings",
    "quick_scores",
    "score_latents",
    "side_by_side",
    "smooth",
    "study_decoding",
    "unfinished_study",
    "with_laps",
    "wrong_labels",
]
