"""Training into a run folder: budget, looks, saving, resuming, stopping well.

`train` takes a recipe, or a game of your own, and a `Training`; the command line makes the same call. A *look* happens a fixed
number of times in a training: samples are scored and drawn, and a checkpoint is saved.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

import rivals
from rivals import processes
from rivals.data import Batches, Beside, Dataset, contact_sheet, load
from rivals.display import Display
from rivals.doctor import Doctor, Finding, not_finite
from rivals.errors import UserError
from rivals.game import Couples, Game, Samples, Translates
from rivals.machine import faster_precision, find_device, peak_memory, seconds
from rivals.metrics.scores import FAKE, REAL, Scores, merit, to_translate
from rivals.pictures import picture
from rivals.recipes.core import Recipe, Setup
from rivals.rescue import RESCUES, SLOWER, go_back, last_good
from rivals.run import Run
from rivals.stop import Interrupted, wishes
from rivals.trainer import Trainer
from rivals.translating import domains, drawing, draws
from rivals.vitals import Vitals
from rivals.window import Diverged

SAVE_EVERY = 60.0  # seconds: what a kill -9 may cost
LOG_EVERY = 1.0  # seconds
LOOKS_SHARE = 0.05  # of the time that looks may take of a training given in minutes


@dataclass(frozen=True, kw_only=True)
class Training:
    """How to train, whatever the recipe."""

    data: str = "digits"
    """A name (digits, fashion-mnist, mnist, mnist-10k, stacked-mnist, mnist-m, cifar10, svhn, punks, ring, grid, gaussian) or a
    path: a folder of pictures, an .npz, a folder of IDX files, .tar shards, a folder of WAV files."""
    into: Path | None = None
    """The run folder; None: runs/RECIPE-DATA. The same command again resumes there."""
    rounds: int | None = None
    """Train for so many rounds (a round: every player's turns)."""
    epochs: float | None = None
    """Train for so many passes over the data."""
    minutes: float | None = None
    """Train for so long; 5 if no budget is given."""
    seed: int = 0
    """Everything random follows from it."""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """Of the networks' arithmetic; auto: what is faster here, measured at the start."""
    device: str = "auto"
    """auto: a GPU where there is one; or cpu, cuda, cuda:1, mps."""
    size: int | tuple[int, int] | None = None
    """Sides of the pictures: one number, or height and width. None: as they are."""
    channels: Literal[1, 3] | None = None
    """1: grey, 3: colour. None: as most of them are."""
    fit: Literal["crop", "pad", "stretch"] = "crop"
    """How pictures of another shape come to that size."""
    only: str | None = None
    """Keep one class, by name or number."""
    image_key: str | None = None
    """Which picture of a sample in .tar shards that have several."""
    caption_key: str | None = None
    """Where captions stand whose words become attributes: a column of a folder's metadata, an ending in .tar shards (txt)."""
    attributes: str | None = None
    """Of yes/no attributes keep these, by name with commas between; cap/bandana: any of the two."""
    max_bad: float = 0.001
    """Share of unreadable files that is skipped; more is an error."""
    workers: int = 2
    """Threads that decode pictures too many for memory."""
    looks: int = 20
    """How often, in the whole training, samples are scored, drawn and saved."""
    every: int | None = None
    """Look each so many rounds instead."""
    score: str = "fd"
    """What is scored at a look: metrics by name, with commas between (fd,kid,is,precision,coverage ...; docs/metrics.md).
    The first decides which checkpoint is best."""
    score_features: str = "random"
    """On which features: random, classifier, inception, efficientnet-lite0, pixels."""
    patience: int | None = None
    """Stop when so many looks have passed without a better score."""
    rescue: bool = False
    """After NaN or a collapse, go back to the best checkpoint before it and go on with learning rates halved, up to three
    times."""
    keep: int = 2
    """How many of the latest checkpoints are kept, beside best and final."""
    compile: bool = False
    """Compile the networks with torch.compile: slow to start, faster later on GPUs."""
    dry_run: bool = False
    """Build everything, play one round, say what would be trained, and write nothing."""

    def __post_init__(self) -> None:
        given = [name for name in ("rounds", "epochs", "minutes") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UserError(f"give one budget, not {' and '.join('--' + name for name in given)}")
        for name in (*given, "looks", "keep", "every", "patience"):
            if (value := getattr(self, name)) is not None and not value > 0:
                raise UserError(f"--{name} must be more than 0, not {value}")

    def scores(self) -> list[str]:
        return [name.strip() for name in self.score.split(",")]

    def dataset(self) -> Dataset:
        return load(self.data, **self.data_options(), max_bad=self.max_bad, workers=self.workers)

    def data_options(self) -> dict[str, Any]:
        """The options that decide what the rows are."""
        names = ("size", "channels", "fit", "only", "image_key", "caption_key", "attributes")
        return {name: getattr(self, name) for name in names}


def train(what: Recipe | Setup | Game, training: Training) -> Run:
    """Train a recipe, a setup or a game of your own into a run folder, or go on with the run that stands there.

    Raises UserError for whatever the user can put right (`Diverged` among them), and `Interrupted` after Ctrl-C or SIGTERM.
    """
    try:
        return Session(what, training).play()
    except OSError as error:
        place = error.filename or training.into or "the run folder"
        raise UserError(f"cannot write {place} ({error.strerror or error}): pass --into a folder with room") from None
    finally:
        processes.stop()


def rehearse(what: Recipe | Setup | Game, training: Training) -> str:
    """A dry run: build everything, play one round, write nothing; returns what would be trained."""
    session = Session(what, training)
    session.check_scores()
    settings = session.settings()
    if training.precision == "auto":
        settings["precision"] = faster_precision(session.setup.game, session.batches)
    trainer = session.trainer_of(settings["precision"])
    elapsed = min(seconds(trainer) for _ in range(2))
    lines = [f"into        {session.folder} (nothing was written)"]
    lines += [f"{name:11} {settings[name]}" for name in ("recipe", "options", "data", "facts", "batch", "average")]
    lines += [f"{name:11} {settings[name]}" for name in ("precision", "device", "budget", "parameters")]
    lines += [f"why         {sentence}" for sentence in settings["why"]]
    lines += [f"a round     {1000 * elapsed:.1f} ms, {session.rows / elapsed:,.0f} images/s", str(trainer.game)]
    return "\n".join(lines)


class Session:
    """One training: what stands between the trainer, which plays rounds, and the run folder."""

    def __init__(self, what: Recipe | Setup | Game, training: Training):
        self.training = training
        self.device = find_device(training.device)
        processes.start(self.device)
        self.chief = processes.rank() == 0
        self.data = training.dataset()
        self.recipe = what if isinstance(what, Recipe) else None
        torch.manual_seed(training.seed)  # the initial weights
        made = what(self.data.facts) if isinstance(what, Recipe) else what
        self.setup = made if isinstance(made, Setup) else Setup(game=made)
        self.setup.game.to(self.device)
        self.learnt = self.data if self.setup.beside is None else self.setup.beside(self.data)
        self.batches = Batches(
            self.learnt,
            self.setup.batch,
            seed=training.seed,
            device=self.device,
            rank=processes.rank(),
            world=processes.world(),
        )
        # images are counted at the first player: a WGAN's critic sees five batches a round
        self.rows = self.setup.batch * next(iter(self.setup.game.players())).turns
        self.rounds = training.rounds
        if training.epochs is not None:
            self.rounds = max(1, round(training.epochs * len(self.data) / self.rows))

    @property
    def folder(self) -> Path:
        if self.training.into is not None:
            return Path(self.training.into)
        data = Path(self.training.data).name.split(".")[0] or "data"
        return Path("runs") / f"{self.recipe.name if self.recipe else 'game'}-{data}"

    @property
    def wanted(self) -> Dataset:
        """What the game is to draw: of two domains the second."""
        if isinstance(self.setup.game, Translates | Couples) and isinstance(self.learnt, Beside):
            return self.learnt.second
        return self.data

    def settings(self) -> dict[str, Any]:
        """The settings of the run, with everything resolved but the precision."""
        training, setup = self.training, self.setup
        budget = {"rounds": self.rounds} if self.rounds else {"minutes": training.minutes or 5}
        return {
            "recipe": self.recipe.name if self.recipe else None,
            "options": asdict(self.recipe.options) if self.recipe else setup.game.described(),
            "usual": self.usual(),
            "data": {"source": training.data, **training.data_options(), "fingerprint": self.data.fingerprint},
            "beside": self.learnt.second.fingerprint if isinstance(self.learnt, Beside) else None,
            "facts": asdict(self.data.facts),
            "domains": domains(setup.game, self.learnt),
            "class_names": list(self.data.class_names),
            "attribute_names": list(self.data.attribute_names),
            "notes": list(self.data.notes),
            "seed": training.seed,
            "batch": setup.batch,
            "average": setup.average,
            "score": {"score": ",".join(training.scores()), "score_features": training.score_features},
            "watch": {name: getattr(training, name) for name in ("looks", "every", "patience", "rescue")},
            "precision": training.precision,
            "device": str(self.device),
            "processes": processes.world(),
            "budget": budget,
            "parameters": {
                name: n for name, net in setup.game.named_children() if (n := sum(map(Tensor.numel, net.parameters())))
            },
            "why": list(setup.why),
            "versions": {"rivals": rivals.__version__, "torch": torch.__version__, "python": platform.python_version()},
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }

    def usual(self) -> dict[str, object]:
        """What the recipe's options that are None stand for, of those whose meaning is one value."""
        options = asdict(self.recipe.options) if self.recipe else {}
        return {name: value for name, value in self.setup.usual.items() if name in options and options[name] is None}

    def open(self) -> Run:
        """The run folder, begun or found by the first process."""
        settings = self.settings()
        begun = (self.folder / "settings.json").is_file()
        if self.chief and not begun:
            self.check_scores()  # before anything is written
        if self.training.precision == "auto" and not begun:
            settings["precision"] = faster_precision(self.setup.game, self.batches)
        if self.chief:
            Run.open(self.folder, settings)
        processes.agree(0.0)  # everyone waits until the folder is there
        return Run(self.folder)

    def play(self) -> Run:
        """Train to the end of the budget."""
        self.run = self.open()
        self.trainer = self.trainer_of(self.run.settings["precision"])
        with self.run.locked() if self.chief else nullcontext(), wishes() as wish, self.batches:
            if self.chief:
                self.run.extend(self.settings())
            self.resume()
            with Display(self.folder, visible=self.chief, round=self.trainer.round) as self.display:
                self.introduce()
                self.score = self.scores()
                if self.score is not None:
                    self.vitals = Vitals(self.wanted, self.device, batch=self.setup.batch // processes.world())
                self.play_on(wish)
                while self.failed:
                    self.rescue()
                    self.play_on(wish)
        return self.run

    def play_on(self, wish: Callable[[], int]) -> None:
        """To the end of the budget, or to a failure that a rescue may mend."""
        self.failed, self.collapsed = False, -1  # since which round
        try:
            self.play_rounds(wish)
        except Diverged as error:
            self.tell(not_finite(self.trainer.round, str(error)))
            self.failed = self.rescuable(self.trainer.round)
            if not self.failed:
                self.give_up(error)

    def rescuable(self, since: int) -> bool:
        """Whether to go back, and whether there is a good checkpoint to go back to: as the first process finds."""
        wanted = self.training.rescue and self.trainer.factor > SLOWER**RESCUES
        self.good = last_good(self.run, since) if wanted and self.chief else None
        return bool(processes.agree(float(self.good is not None))[0])

    def rescue(self) -> None:
        factor = SLOWER * self.trainer.factor
        if self.good is not None:
            go_back(self.run, {**self.good, "factor": factor, "seconds": self.seconds, "looking": self.looking})
        processes.agree(0.0)  # everyone reads the checkpoint after that
        self.resume()
        number, back = round(math.log(factor, SLOWER)), f"back to round {self.trainer.round:,}"
        self.note(f"rescue {number} of {RESCUES}: {self.sees} Now {back}, with all learning rates times {factor:g}.")

    def trainer_of(self, precision: Any) -> Trainer:
        return Trainer(
            self.setup.game,
            self.batches,
            seed=self.training.seed,
            precision=precision,
            average=self.setup.average,
            compile=self.training.compile,
        )

    def resume(self) -> None:
        """Go on from the newest whole checkpoint, or begin."""
        tree, self.said = self.run.checkpoint("latest")
        self.saved_by_look = tree is not None and tree["look"]
        self.seconds = self.looking = 0.0  # of training so far, and those of them spent on looks
        self.best: float | None = None
        self.waiting, self.stalled = 0, False
        if tree is not None:
            self.trainer.load_state(tree)
            self.seconds, self.looking = tree["seconds"], tree["looking"]
        if self.chief:
            self.run.rewind(self.trainer.round if tree is not None else -1)
        processes.agree(0.0)  # everyone reads the log after that
        self.doctor = Doctor(self.run.log())
        for event in self.run.scores():
            self.judge(event)
        if tree is not None:
            self.said.append(f"{'already finished' if self.progress() >= 1 else 'resumed'} at round {tree['round']}")
        if self.chief:
            self.tidy(tree is not None)
        # when terms were last logged: round, seconds, seconds without looks
        self.logged = self.trainer.round, self.seconds, self.seconds - self.looking

    def tidy(self, resumed: bool) -> None:
        """Clear away the files of what lies beyond the checkpoint: it will happen again."""
        run, round = self.run, self.trainer.round
        for file in run.numbered():
            if not resumed or int(file.stem) > round:
                file.unlink()  # damaged, or it would have been taken
        for moment in run.moments():
            if not resumed or moment > round:
                run.moment(moment).unlink()
        if self.progress() < 1:
            run.file("final").unlink(missing_ok=True)  # of a smaller budget

    def introduce(self) -> None:
        """Say what was chosen for the user, and what happened on the way here."""
        if self.trainer.round == 0:
            for sentence in [*self.data.notes, *self.setup.why]:
                self.display.say(sentence)
        for text in self.said:
            self.note(text)

    def scores(self) -> Scores | None:
        wanted = self.progress() < 1 or self.look_was_cut_short()
        return self.scorer() if wanted and self.chief and draws(self.trainer.game) else None

    def check_scores(self) -> None:
        """Whether what is asked for can be scored, tried on a few real rows."""
        if draws(self.setup.game):
            few = self.scorer(real=64)
            few(few.case.real, self.setup.game)

    def scorer(self, *, real: int = REAL) -> Scores:
        names, features = self.training.scores(), self.training.score_features
        fake = FAKE if isinstance(self.setup.game, Samples) else to_translate(self.learnt)
        return Scores(self.wanted, self.device, names=names, features=features, real=real, fake=fake)

    def progress(self, ahead: int = 0) -> float:
        """The share of the budget that is used, or will be `ahead` rounds on (a clock cannot tell)."""
        if self.stalled:
            return 1.0
        if self.rounds is not None:
            return min(1.0, (self.trainer.round + ahead) / self.rounds)
        return min(1.0, self.seconds / (60 * (self.training.minutes or 5)))

    def looks_due(self, ahead: int = 0) -> int:
        if self.training.every is not None:
            return (self.trainer.round + ahead) // self.training.every
        return int(self.progress(ahead) * self.training.looks + 1e-9)

    def play_rounds(self, wish: Callable[[], int]) -> None:
        looked, saved, clock = self.looks_due(), self.seconds, time.perf_counter() - self.seconds
        if self.chief and ((not self.trainer.round and not self.saved_by_look) or self.look_was_cut_short()):
            contact_sheet(self.wanted).save(self.run.path / "pictures" / "real.png")
            self.look()
        self.agree_after_look()
        while (progress := self.progress()) < 1:
            watch = self.seconds - self.logged[1] >= LOG_EVERY or (self.looks_due(ahead=1) > looked and self.affordable())
            self.trainer.play(progress, watch=watch)
            # all look at the same clocks, so that all agree on what is due
            self.seconds, self.looking, stop = processes.agree(time.perf_counter() - clock, self.looking, float(wish()))
            ended, due = self.progress() >= 1, self.looks_due() > looked and self.affordable()
            if due or ended or watch:
                self.log_terms()
            if due or ended:
                looked, saved = self.looks_due(), self.seconds
                self.look()
                self.agree_after_look()
                if self.failed:
                    return
                if self.stalled and not ended:
                    self.note(f"stopped at round {self.trainer.round:,}: no better score in {self.training.patience} looks")
            elif stop or self.seconds - saved >= SAVE_EVERY:
                saved = self.seconds
                if self.chief:
                    self.trainer.shown()  # the averaged game in the file is the one of this round
                    self.save(look=False)
            if stop and not ended:
                self.note(f"stopped at round {self.trainer.round:,}, saved; the same command again goes on from there")
                raise Interrupted(int(stop))

    def affordable(self) -> bool:
        """In a training by the clock, looks may take a share of the time and no more."""
        return self.rounds is not None or self.looking <= LOOKS_SHARE * self.seconds

    def look_was_cut_short(self) -> bool:
        """Killed after a look had saved and before it had said its score."""
        scored = {event["round"] for event in self.run.scores()}
        return self.saved_by_look and draws(self.trainer.game) and self.trainer.round not in scored

    def look(self) -> None:
        """Score and draw what the game makes now, save it, and remember the best and the last."""
        if not self.chief:
            return
        started = time.perf_counter()
        game, best, event = self.trainer.shown(), False, {}
        if self.score is not None:
            with self.trainer.precise():
                samples = self.score.draw(drawing(game, self.learnt), self.training.seed)
                image = picture(game, self.learnt, self.training.seed)
                signs = self.vitals(self.trainer.game, samples, self.training.seed)
            event = self.score.event(samples, game)
            best = self.judge(event)
        saved = self.save(look=True)
        if best:
            self.run.name(saved, "best")
        if self.progress() >= 1:
            self.run.name(saved, "final")
        if self.score is not None:  # after saving: whoever is killed in between must not find a best that was never saved
            self.log("signs", signs=signs)
            self.log("score", **event, best=best)
            file = f"pictures/{self.trainer.round:07d}.png"
            image.save(self.run.path / file)
            self.log("picture", file=file)
        self.looking += time.perf_counter() - started

    def agree_after_look(self) -> None:
        """Only the first process scores, and hears the doctor."""
        stalled, collapsed = processes.agree(float(self.stalled), float(self.collapsed))
        self.stalled = bool(stalled)
        if collapsed >= 0 and self.progress() < 1:
            self.failed, self.collapsed = self.rescuable(int(collapsed)), -1

    def judge(self, event: dict[str, Any]) -> bool:
        """Whether these scores are the best so far; without a better one for `patience` looks the training is over."""
        value = merit(event)
        best = self.best is None or value < self.best
        self.best = value if best else self.best
        self.waiting = 0 if best else self.waiting + 1
        self.stalled = self.training.patience is not None and self.waiting >= self.training.patience
        return best

    def save(self, *, look: bool) -> Path:
        """Everything needed to go on, and to draw from the file alone."""
        tree = {
            **self.trainer.state(),
            "settings": self.run.settings,
            "seconds": self.seconds,
            "looking": self.looking,
            "look": look,
        }
        if look and self.data.facts.shape in ((1,), (2,)):  # small, and all of it can be drawn
            self.run.remember({name: tree[name] for name in ("round", "average", "settings")})
        return self.run.save(tree, keep=self.training.keep)

    def log_terms(self) -> None:
        taken = self.trainer.window.take()._asdict()
        gauges = {name: float(value) for name, value in self.trainer.game.gauges().items()}
        rounds, spent = self.trainer.round - self.logged[0], self.seconds - self.looking - self.logged[2]
        speed = rounds * self.rows / max(spent, 1e-9)
        self.log("terms", speed=speed, **taken, gauges=gauges, memory=peak_memory())
        self.logged = self.trainer.round, self.seconds, self.seconds - self.looking

    def note(self, text: str) -> None:
        self.log("note", text=text)

    def log(self, kind: str, **values: Any) -> None:
        """Write an event down and show it."""
        if self.chief:
            round = self.trainer.round
            event = {"kind": kind, "round": round, "images": round * self.rows, "seconds": self.seconds, **values}
            self.run.note(event)
            self.display.show(event, self.progress())
            for finding in self.doctor.hear(event):
                self.tell(finding)

    def tell(self, finding: Finding) -> None:
        """What the doctor found."""
        self.sees = finding.sees
        if finding.name == "collapse":
            self.collapsed = finding.since
        self.log("finding", **asdict(finding))

    def give_up(self, error: Diverged) -> None:
        numbered = self.run.numbered()
        last = f"round {int(numbered[-1].stem)} is the last good checkpoint" if numbered else "no checkpoint was saved yet"
        self.note(f"{error}: stopped; {last}")
        raise Diverged(f"{error}: stopped; {last} in {self.run.path}. Try a lower --lr or another criterion, --into elsewhere")
