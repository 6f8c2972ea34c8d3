"""A form that nobody touched trains the recipe as it is; what is changed is typed as the command line takes it."""

from __future__ import annotations

import pytest

from rivals.errors import UserError
from rivals.recipes import RECIPES, find
from rivals.run import Run
from rivals.studio.options import continued, filled, options_of, typed
from rivals.training import Training


@pytest.mark.parametrize("name", RECIPES)
def test_an_untouched_form_changes_nothing_and_tells_what_each_means(name):
    known = options_of(RECIPES[name].options)
    assert [word for option in known.values() for word in option.words(option.usual)] == []
    assert all(option.told for option in known.values())


def test_what_is_changed_is_typed():
    training, infogan = options_of(Training()), options_of(find("infogan").options)
    assert training["data"].words("my photos/") == ["--data=my photos/"]
    assert training["data"].words("--into") == ["--data=--into"]  # a value, whatever it looks like
    assert training["rounds"].words("30") == ["--rounds=30"]
    assert training["rounds"].words("") == []
    assert training["size"].words("64 48") == ["--size", "64", "48"]
    assert training["rescue"].words(True) == ["--rescue"]
    assert infogan["categories"].words("10, 3") == ["--categories", "10", "3"]
    assert infogan["categories"].words("") == ["--categories"]
    assert infogan["beta1"].words("x") == ["--beta1=x"]  # which the command line tells
    assert options_of(find("pix2pix").options)["rival"].words(False) == ["--no-rival"]
    assert options_of(find("unit").options)["share"].words(None) == ["--share=None"]
    for name, text in (("data", ""), ("seed", " ")):
        with pytest.raises(UserError, match="takes a value"):
            training[name].words(text)
    with pytest.raises(UserError, match="takes values"):
        infogan["categories"].words("10 --keep 9")


def test_a_form_is_filled_in_as_its_address_says():
    training, gan = options_of(Training()), options_of(find("gan").options)
    for option, value in (
        (training["rounds"], "30"),
        (training["rescue"], not training["rescue"].usual),
        (gan["penalty"], "r1"),
        (gan["augment"], gan["augment"].choices[-1]),
    ):
        assert option.words(option.read(typed(value))) == option.words(value) != []
    assert gan["penalty"].read("no such") == gan["penalty"].usual


def test_the_form_of_a_run_is_filled_with_what_differs(trained):
    """And what the form then types is what was typed."""
    found = filled(Run(trained).settings)
    assert found == {"recipe": "gan", "precision": "float32", "looks": "4", "rounds": "40", "width": "16"}
    settings = {**Run(trained).settings, "options": {**vars(find("gan").options), "penalty": "r1", "beta1": 0.25}}
    found = filled(settings)
    known = options_of(find("gan").options) | options_of(Training())
    typed = [word for name, text in found.items() if name != "recipe" for word in known[name].words(known[name].read(text))]
    assert sorted(typed) == sorted(continued(settings)[1:])


def test_a_run_goes_on_with_the_command_that_began_it(trained, tmp_path):
    words = continued(Run(trained).settings)
    assert words[0] == "gan"
    assert set(words[1:]) == {"--precision=float32", "--looks=4", "--rounds=40", "--width=16"}
    settings = {**Run(trained).settings, "recipe": "unit"}
    settings["options"] = {**vars(find("unit").options), "share": None, "further": ["a b", "c"]}
    assert {"--share=None", "--further", "c"} <= set(continued(settings))
    with pytest.raises(UserError, match="from Python"):
        continued({**settings, "recipe": None})
