"""All claims of the introductory article, in its order, each with its experiment."""

from __future__ import annotations

from . import (
    _cost,
    _cousins,
    _cutoff,
    _dying,
    _faster,
    _groups,
    _kink,
    _layers,
    _leaks,
    _learning,
    _lines,
    _neuron,
    _steps,
    _universal,
)
from ._claim import Claim

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "movie",
        "A neuron with weights 4, 2, 2 and threshold 3 says yes to a Marvel film, or when theatre "
        "and company both suit; a total that only equals the threshold is a no.",
        "All eight cases are put to the neuron, with decimal arithmetic that rounds nothing; then "
        "the threshold is set to each total in turn.",
        _neuron.movie,
        seeds=0,
        thorough=0,
        cost=0.05,
    ),
    Claim(
        "nudge-step",
        "A small change of a weight changes nothing in a step neuron's answer, or flips it.",
        "Of 2,000 random neurons a seed, one weight is nudged by 0.001 to 1, and the answers to "
        "all cases that have this input are compared.",
        _neuron.nudge_step,
        seeds=20,
        thorough=100,
        cost=0.1,
    ),
    Claim(
        "small-changes",
        "An ignorant neuron learns by small changes alone, looking each time whether the answer "
        "got better; with a step it does not.",
        "Random neurons get 2,000 nudges of one weight or the bias (normal, spread 0.1). A nudge "
        "is kept if the squared error over the eight movie cases falls; a second step neuron also "
        "keeps nudges that change nothing. Each seed has one start and one list of nudges.",
        _learning.small_changes,
        seeds=100,
        thorough=500,
        cost=0.3,
    ),
    Claim(
        "step-cannot-learn",
        "What comes before a step cannot learn by gradients, as its slope is 0.",
        "A step neuron gets 200 steps of gradient descent, and of the perceptron rule, on the "
        "movie table. Networks with one to three hidden layers of 64 steps train on the 8x8 "
        "digits (Adam, 10 epochs) with plain gradients and with straight-through ones; their "
        "hidden weights are compared with those at the start.",
        _steps.step_cannot_learn,
        seeds=100,
        thorough=400,
        cost=5,
    ),
    Claim(
        "nudge-sigmoid",
        "A small change of a weight makes a small change of a sigmoid neuron's output, in "
        "proportion.",
        "The same neurons and nudges as for the step. The input nudged is 1, so that no change "
        "can exceed a quarter of the nudge, sigmoid's steepest slope.",
        _neuron.nudge_sigmoid,
        seeds=20,
        thorough=100,
        cost=0.1,
    ),
    Claim(
        "cutoff",
        "On imbalanced data 0.5 is not the best cutoff of a sigmoid output, and choosing one "
        "improves the score on rows not seen.",
        "A sigmoid neuron (logistic regression) on data with 10% positives. The cutoff is chosen "
        "by cross-validation on training rows with scikit-learn's TunedThresholdClassifierCV, "
        "separately for each score, and judged on the other third of the rows.",
        _cutoff.cutoff,
        seeds=20,
        thorough=60,
        cost=6,
    ),
    Claim(
        "tanh-cousin",
        "tanh is a stretched and moved sigmoid: tanh x = 2 sigmoid(2x) - 1.",
        "SymPy reduces the difference to lowest terms in e^x, which is a proof if it leaves 0; "
        "PyTorch computes both sides at 400,001 points from -20 to 20.",
        _cousins.tanh_cousin,
        seeds=0,
        thorough=0,
        cost=0.2,
    ),
    Claim(
        "tanh-groups",
        "On data that fall into very negative, near-zero and very positive groups tanh does "
        "better than sigmoid.",
        "Four features, each drawn around -5, 0 or 5 (spread 1.5). Two tasks, two scales of the "
        "features, one and three hidden layers of 16; each function at the learning rate (of "
        "six) with the least loss on rows kept for choosing; scored on 1,000 others.",
        _groups.tanh_groups,
        seeds=10,
        thorough=30,
        cost=20,
    ),
    Claim(
        "tanh-centres",
        "tanh layers put out numbers that average 0, so later layers train sooner than with "
        "sigmoid.",
        "Outputs of three hidden layers on all training rows of the digits, before and after 20 "
        "epochs. Then a race to a training loss of 0.1 with 1, 3 and 5 hidden layers of 64, Adam, "
        "each function at the best of six learning rates as chosen on the other seeds.",
        _faster.tanh_centres,
        seeds=8,
        thorough=24,
        cost=12,
    ),
    Claim(
        "more-than-lines",
        "Without activation functions any depth is one linear layer; with them the network fits "
        "what no line can.",
        "Do two numbers have the same sign? Networks with one to three hidden layers of 32, with "
        "ReLU and without; the layers of the latter are multiplied out and compared with the "
        "network's outputs.",
        _lines.more_than_lines,
        seeds=10,
        thorough=40,
        cost=2,
    ),
    Claim(
        "universal",
        "ReLU networks with enough units and layers approximate most nonlinear functions.",
        "sin(3x), |x|, xy and a staircase, 500 points each, by networks of width 2, 8 and 32 "
        "with one to three hidden layers. Of two learning rates the better on half of the other "
        "points; the error is that on the other half.",
        _universal.universal,
        seeds=10,
        thorough=30,
        cost=9,
    ),
    Claim(
        "relu-cheap",
        "ReLU costs less to compute than sigmoid and tanh.",
        "PyTorch's forward and backward pass on float32 arrays from 1 KiB to 64 MiB, one thread, "
        "the three one after the other in each round; ratios are taken within a round, so the "
        "intervals are of this machine in this hour. Then whole trainings on the digits.",
        _cost.relu_cheap,
        seeds=15,
        thorough=60,
        cost=8,
    ),
    Claim(
        "half-active",
        "About half of the ReLU units are active in a network with random weights.",
        "Outputs that are not 0 in three hidden layers of 64, over all training rows of the "
        "digits, before and after 20 epochs of Adam.",
        _layers.half_active,
        seeds=12,
        thorough=40,
        cost=0.8,
    ),
    Claim(
        "dying",
        "ReLU units can die: their input is never above 0 again, they only cost, and where most "
        "are dead training stops.",
        "Networks with 1, 3 and 5 hidden layers of 64 train on the digits for 10 epochs of Adam "
        "at five learning rates. A unit is dead if no training row makes its input positive; dead "
        "units are counted halfway and at the end, and their gradients are computed.",
        _dying.dying,
        seeds=8,
        thorough=24,
        cost=6,
    ),
    Claim(
        "leaky-cures",
        "Leaky and parametric ReLU do not die, and train on where ReLU stops.",
        "The same runs with leaky (0.01) and parametric ReLU: dead units, gradients of units that "
        "are below 0 on every row, and accuracy at the depths and rates where most ReLUs die.",
        _leaks.leaky_cures,
        seeds=8,
        thorough=24,
        cost=14,
    ),
    Claim(
        "leaky-faster",
        "Leaky ReLU trains faster than plain ReLU.",
        "Steps to a training loss of 0.1 on the digits with 1, 3 and 5 hidden layers of 64, Adam, "
        "each function at the best of five learning rates as chosen on the other seeds; the same "
        "starts and batches for all at one seed.",
        _faster.leaky_faster,
        seeds=10,
        thorough=30,
        cost=22,
    ),
    Claim(
        "relu-not-centred",
        "The outputs of ReLU layers do not average 0.",
        "Means of three hidden layers on all training rows of the digits, before and after 20 "
        "epochs of Adam, with tanh beside it.",
        _layers.relu_not_centred,
        seeds=12,
        thorough=40,
        cost=1.2,
    ),
    Claim(
        "relu-kink",
        "ReLU makes trouble for calculus: it has no derivative at 0.",
        "The jump of the slope, PyTorch's choice at 0, how often an input is exactly 0 while "
        "networks of three hidden layers learn the digits in float32, and the accuracy with the "
        "slope at 0 set to 0, 1/2 and 1 (compare Bertoin et al. 2021).",
        _kink.relu_kink,
        seeds=8,
        thorough=24,
        cost=5,
    ),
)
