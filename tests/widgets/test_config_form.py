"""The form made from the configuration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.encoder import PRESETS, ConfigurationError, EncoderConfig
from napari_unison.widgets.config_form import NOT_IN_A_WINDOW, ConfigForm
from napari_unison.widgets.mask_text import masks_from_text, masks_to_text
from napari_unison.widgets.train import TrainWidget, averaged
from napari_unison.widgets.training_plan import duration_text
from napari_unison.workspace import Workspace


@pytest.fixture
def form(qtbot):
    form = ConfigForm(Workspace())
    qtbot.addWidget(form)
    return form


def test_every_parameter_has_a_field_with_its_help(form):
    assert set(form.editors) == set(EncoderConfig.model_fields) - NOT_IN_A_WINDOW
    for name, editor in form.editors.items():
        assert EncoderConfig.model_fields[name].description.split(".")[0] in editor.widget.toolTip()


def test_the_form_shows_and_reads_back_any_configuration(form):
    for preset in PRESETS.values():
        form.workspace.config = preset
        assert form.commit_all()
        assert form.workspace.config == preset


def exact_numbers(lower, upper):
    return st.floats(lower, upper, exclude_min=True, exclude_max=True)


@given(
    exact_numbers(1e-6, 1),
    st.one_of(
        st.tuples(exact_numbers(0.01, 0.4), exact_numbers(0.5, 0.99), exact_numbers(0.01, 0.4)),
        st.lists(exact_numbers(0.001, 0.999), min_size=1, max_size=3),
    ),
    exact_numbers(0.001, 0.999),
)
def test_no_number_is_rounded_by_the_form(qapp, rate, ratios, blocks):
    form = ConfigForm(Workspace())
    masks = {"RandomNeuronMask": ratios, "TimeBlockMask": (blocks, 3)}
    config = EncoderConfig.from_parameters({"learning_rate": rate, "masks": masks})
    form.workspace.config = config
    form.problems["learning_rate"] = "every field is tried again while there is a problem"
    assert form.commit_all()
    assert form.workspace.config == config
    form.deleteLater()


def test_only_what_was_edited_goes_to_the_workspace(form, monkeypatch):
    told = []
    monkeypatch.setattr(form.workspace, "configure", lambda **parameters: told.append(parameters))
    form.commit_all()
    assert told == []
    form.editors["learning_rate"].widget.setText("0.01")
    form.commit_all()
    assert told == [{"learning_rate": 0.01}]


def test_a_value_that_is_put_back_is_taken(form):
    line, before = form.editors["learning_rate"].widget, form.workspace.config.learning_rate
    for text in ("2", "0.01", str(before)):
        line.setText(text)
        line.editingFinished.emit()
    assert form.workspace.config.learning_rate == before


def test_a_field_goes_to_the_workspace_when_it_is_left(form):
    line = form.editors["learning_rate"].widget
    line.setText("0.01")
    line.editingFinished.emit()
    assert form.workspace.config.learning_rate == 0.01


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("learning_rate", "2", "less than or equal to 1"),
        ("learning_rate", "fast", "valid number"),
        ("random_state", "1.5", "valid integer"),
    ],
)
def test_a_refused_value_stays_and_the_reason_is_shown(form, name, text, reason):
    line, before = form.editors[name].widget, form.workspace.config
    line.setText(text)
    line.editingFinished.emit()
    assert form.workspace.config == before
    assert line.text() == text
    assert name in form.message.text()
    assert reason in form.message.text()
    assert not form.commit_all()


def test_a_value_refused_because_of_another_is_taken_once_that_is_right(form):
    temperature = form.editors["min_temperature"].widget
    temperature.setText("0.1")
    temperature.editingFinished.emit()
    assert "set temperature_mode='auto'" in form.message.text()
    form.editors["temperature_mode"].widget.setCurrentText("auto")
    assert form.message.text() == ""
    assert form.workspace.config.min_temperature == 0.1


def test_an_empty_field_means_none_where_that_is_allowed(form):
    form.workspace.configure(random_state=7)
    line = form.editors["random_state"].widget
    assert line.text() == "7"
    line.clear()
    line.editingFinished.emit()
    assert form.workspace.config.random_state is None


def test_masks_are_edited_as_lines(form):
    lines = form.editors["masks"].widget
    lines.setPlainText("SessionMask: True\nTimeBlockMask: (0.2, 3)\nRandomNeuronMask: [0.3, 0.6]")
    form.commit("masks")
    assert list(form.workspace.config.masks) == ["SessionMask", "TimeBlockMask", "RandomNeuronMask"]
    assert masks_from_text(masks_to_text(form.workspace.config.masks)) == {
        "SessionMask": True,
        "TimeBlockMask": (0.2, 3),
        "RandomNeuronMask": [0.3, 0.6],
    }


def test_what_the_masks_hide_is_said_in_words_and_follows_the_lines(form):
    assert form.masks_words.text().splitlines() == [
        "Hidden while it learns, one at a time:",
        "• 30 to 90 % of the neurons, others in each sample",
        "• 30 to 90 % of the time bins of the window, others in each sample",
    ]
    lines = form.editors["masks"].widget
    lines.setPlainText("SessionMask: True\nTimeBlockMask: (0.2, 3)\nNeuronBlockMask: 0.25")
    form.commit("masks")
    assert form.masks_words.text().splitlines()[1:] == [
        "• whole sessions; at least one is left, often only one",
        "• time bins in blocks of 3 bins, from 20 % of those in the window on",
        "• 25 % of the neurons, as one block of neighbours",
    ]
    lines.setPlainText("")
    form.commit("masks")
    assert form.masks_words.text() == "Nothing is hidden while it learns."
    assert "relies on no single neuron" in lines.toolTip()
    assert "SessionMask: whole sessions" in lines.toolTip()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("RandomNeuronMask 0.3", "not of the form name: value"), ("RandomNeuronMask: half", "cannot be read")],
)
def test_a_line_that_is_no_mask_is_explained(text, reason):
    with pytest.raises(ConfigurationError, match=reason):
        masks_from_text(text)


def test_a_mask_that_does_not_exist_is_explained(form):
    form.editors["masks"].widget.setPlainText("WholeMask: 0.5")
    form.commit("masks")
    assert "no mask is called 'WholeMask'" in form.message.text()


def test_presets_fill_the_form_and_keep_device_and_seed(qtbot):
    train = TrainWidget(Workspace())
    qtbot.addWidget(train)
    assert train.preset.currentText() == "notebook"
    train.workspace.configure(random_state=3, batch_size=100)
    assert train.preset.currentText() == "custom"
    train.preset.setCurrentText("quick look")
    train.preset.activated.emit(train.preset.currentIndex())
    assert train.workspace.config.batch_size == 512
    assert train.workspace.config.random_state == 3
    assert train.preset.currentText() == "quick look"


def test_start_waits_for_sessions(qtbot):
    train = TrainWidget(Workspace())
    qtbot.addWidget(train)
    assert not train.start_button.isEnabled()
    assert train.status.text() == "Open sessions first (tab Sessions)."


@pytest.mark.parametrize(
    ("seconds", "text"), [(44.6, "45 s"), (200, "3 min"), (7800, "2 h 10 min"), (float("nan"), "unknown")]
)
def test_times_are_written_as_people_say_them(seconds, text):
    assert duration_text(seconds) == text


def test_a_long_history_is_averaged_to_fit_the_plot():
    import numpy as np

    x, y = averaged(np.arange(1, 5001), np.ones(5000))
    assert len(y) <= 600
    assert x[-1] == 5000
    np.testing.assert_allclose(y, 1)
