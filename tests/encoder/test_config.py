import copy
import inspect
import pickle
import tomllib

import numpy as np
import pytest
import tomli_w

from napari_unison import UnifiedEncoder
from napari_unison.encoder import PRESETS, ConfigurationError, EncoderConfig
from napari_unison.encoder.config import MASK_NAMES


def test_the_estimators_signature_is_the_configuration():
    signature = inspect.signature(UnifiedEncoder.__init__).parameters
    parameters = {name: p.default for name, p in signature.items() if name != "self"}
    fields = {name: field.default for name, field in EncoderConfig.model_fields.items()}
    assert parameters == fields


def test_defaults_are_those_of_the_notebook():
    config = EncoderConfig()
    assert config == PRESETS["notebook"]
    assert (config.model_architecture, config.batch_size, config.output_dimension) == (
        "offset10-model",
        2048,
        32,
    )
    assert (config.max_iterations, config.learning_rate, config.time_offsets) == (5000, 3e-4, 10)
    assert set(config.masks) == {"RandomNeuronMask", "RandomTimestepMask"}


def test_grids_of_ratios_include_their_max_and_never_pass_it():
    grid = EncoderConfig(masks={"RandomNeuronMask": (0.3, 0.9, 0.05)}).masks["RandomNeuronMask"]
    assert grid.choices()[0] == 0.3
    assert grid.choices()[-1] == 0.9
    assert len(grid.choices()) == 13
    uneven = EncoderConfig(masks={"RandomNeuronMask": (0.3, 0.9, 0.25)}).masks["RandomNeuronMask"]
    assert uneven.choices() == (0.3, 0.55, 0.8)


def test_a_list_is_ratios_and_a_tuple_is_a_grid_and_files_keep_them_apart():
    config = EncoderConfig(masks={"RandomNeuronMask": [0.3, 0.9, 0.05], "NeuronBlockMask": (0.3, 0.9, 0.05)})
    assert config.masks["RandomNeuronMask"].choices() == (0.3, 0.9, 0.05)
    assert len(config.masks["NeuronBlockMask"].choices()) == 13
    text = tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))
    assert EncoderConfig.from_parameters(tomllib.loads(text)) == config


def test_every_mask_can_be_configured():
    config = EncoderConfig(
        masks={
            "RandomNeuronMask": 0.5,
            "RandomTimestepMask": [0.2],
            "NeuronBlockMask": (0.1, 0.5, 0.1),
            "TimeBlockMask": (0.3, 2),
            "SessionMask": True,
        }
    )
    assert tuple(config.masks) == MASK_NAMES
    assert EncoderConfig(masks=None).masks == {}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"model_architecture": "offset11-model"},
            ["model_architecture", "offset10-model", "'offset11-model'"],
        ),
        ({"batch_size": 1}, ["batch_size", "greater than or equal to 2", "given: 1"]),
        ({"output_dimension": 0}, ["output_dimension", "given: 0"]),
        ({"time_offsets": 0}, ["time_offsets", "given: 0"]),
        ({"learning_rate": 0}, ["learning_rate", "greater than 0"]),
        ({"num_hidden_units": -3}, ["num_hidden_units", "-3"]),
        ({"temperature": 0}, ["temperature", "greater than 0"]),
        ({"temperature_mode": "learn"}, ["temperature_mode", "'constant' or 'auto'"]),
        ({"min_temperature": 0.1}, ["min_temperature", "temperature_mode='auto'"]),
        (
            {"min_temperature": 2.0, "temperature_mode": "auto"},
            ["min_temperature (2.0) is above temperature (1.0)"],
        ),
        ({"distance": "manhattan"}, ["distance", "'cosine' or 'euclidean'"]),
        ({"max_iterations": 0}, ["max_iterations", "given: 0"]),
        ({"conditional": "time"}, ["conditional", "time_delta"]),
        ({"label_scaling": "zscore"}, ["label_scaling", "'none', 'range' or 'standard'"]),
        ({"positives": "both"}, ["positives", "'independent' or 'shared'"]),
        ({"max_label_distance": 0}, ["max_label_distance", "greater than 0"]),
        ({"sessions_per_step": 1}, ["sessions_per_step", "greater than or equal to 2", "given: 1"]),
        ({"device": "gpu"}, ["device", "'gpu'"]),
        ({"random_state": -1}, ["random_state", "-1"]),
        ({"verbose": "perhaps"}, ["verbose", "'perhaps'"]),
        ({"learning_rates": 0.1}, ["learning_rates: there is no such parameter", "learning_rate, "]),
        ({"masks": {"NeuronMask": 0.5}}, ["no mask is called 'NeuronMask'", "RandomNeuronMask"]),
        (
            {"masks": {"RandomNeuronMask": 1.5}},
            ["masks: RandomNeuronMask ratios.0: Input should be less than 1"],
        ),
        ({"masks": {"NeuronBlockMask": {"ratios": [0.2], "min": 0.1}}}, ["NeuronBlockMask takes ratios"]),
        ({"masks": {"RandomNeuronMask": []}}, ["masks: RandomNeuronMask ratios", "at least 1 item"]),
        ({"masks": {"RandomNeuronMask": "half"}}, ["RandomNeuronMask takes a ratio", "(0.3, 0.9, 0.05)"]),
        ({"masks": {"RandomNeuronMask": (0.9, 0.3, 0.05)}}, ["max (0.3) is below its min (0.9)"]),
        ({"masks": {"TimeBlockMask": (0.2,)}}, ["TimeBlockMask takes (rate, length)"]),
        ({"masks": {"SessionMask": 0.5}}, ["SessionMask has no parameters"]),
        ({"masks": ["RandomNeuronMask"]}, ["masks is a dictionary"]),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(parameters, words):
    with pytest.raises(ConfigurationError) as error:
        EncoderConfig.from_parameters(parameters)
    for word in words:
        assert word in str(error.value)


def test_all_wrong_parameters_are_told_at_once():
    with pytest.raises(ConfigurationError, match=r"(?s)batch_size.*temperature"):
        EncoderConfig.from_parameters({"batch_size": 0, "temperature": -1})


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        EncoderConfig().batch_size = 3


def test_every_parameter_has_a_help_text_and_a_place_in_the_form():
    for name, field in EncoderConfig.model_fields.items():
        assert field.description, name
        assert field.json_schema_extra["group"], name


def test_masks_that_are_shared_cannot_be_changed():
    for masks in (UnifiedEncoder().masks, PRESETS["notebook"].masks):
        with pytest.raises(TypeError, match="make a new dictionary"):
            masks["SessionMask"] = True
        with pytest.raises(TypeError, match="make a new dictionary"):
            masks.pop("RandomNeuronMask")
    assert copy.deepcopy(EncoderConfig()) == pickle.loads(pickle.dumps(EncoderConfig())) == EncoderConfig()


def test_ratios_may_come_from_numpy():
    config = EncoderConfig(
        masks={"RandomNeuronMask": np.float32(0.5), "NeuronBlockMask": np.array([0.25, 0.5])}
    )
    assert config.masks["RandomNeuronMask"].choices() == (0.5,)
    assert config.masks["NeuronBlockMask"].choices() == (0.25, 0.5)
