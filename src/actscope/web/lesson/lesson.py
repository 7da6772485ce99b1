# /// script
# [tool.marimo.display]
# theme = "system"
# ///
"""The lesson: ten short chapters on activation functions, served by `actscope learn` at /lesson/.

Cells hold the words; what they show and compute is in actscope.web.lesson_parts.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(
    width="full",
    app_title="Activation functions, without fear",
    css_file="lesson.css",
    html_head_file="head.html",
)


@app.cell(hide_code=True)
def _():
    import marimo as mo

    from actscope.web import lesson_parts as parts

    # Short names for what nearly every chapter says.
    block, text, strong, number = parts.block, parts.text, parts.strong, parts.number
    slider, switch, steps, choice = parts.slider, parts.switch, parts.steps, parts.choice

    def controls(*specs):
        return mo.ui.anywidget(parts.Controls(specs))

    def values(of):
        return of.value["values"]

    def show(page):
        return mo.Html(str(page))  # a plain str: marimo sends any other kind as an object

    def opening(page, of):
        return mo.vstack([show(page), of], gap=0)

    return (
        block, choice, controls, mo, number, opening, parts, show, slider, steps, strong, switch,
        text, values,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(parts, show):
    show(parts.welcome())
    return


@app.cell(hide_code=True)
def _(controls, opening, parts, steps, strong, switch, text):
    _page = parts.chapter(
        1,
        text(
            "A neural network is a machine for numbers. They go in on the left, travel along the "
            "lines, and one number comes out on the right. Each circle is a ", strong("unit"),
            ": a place that holds one number.",
        ),
        text(
            "The three circles on the left are ", strong("input units"), ". They work out "
            "nothing. Each only holds what you tell it: 1 for yes, 0 for no. The one on the right "
            "is the ", strong("output"), ". Here it answers: “Do I go to the cinema tonight?” "
            "0 is a sure no, 1 a sure yes. Those in between are called ", strong("hidden"),
            ", as nobody looks at them from outside. Units that stand in one column are a ",
            strong("layer"), ".",
        ),
        text(
            "A new network knows nothing: its lines have random strengths. It is shown evenings "
            "together with the right answers, and changes every strength a little, so that its "
            "own answers get a little better. Then again. Press the button.",
        ),
        idea="Numbers in, a number out, and a great many small changes.",
    )  # fmt: skip
    network_controls = controls(
        switch("marvel", "It is a Marvel film", True),
        switch("near", "The cinema is near me"),
        switch("friend", "A friend comes along"),
        steps("change", "Small changes made", range(parts.CHANGES + 1), play="Let it learn"),
    )
    opening(_page, network_controls)
    return (network_controls,)


@app.cell(hide_code=True)
def _(block, network_controls, number, parts, show, strong, text, values):
    _v = values(network_controls)
    _inputs = [float(_v[key]) for key in ("marvel", "near", "friend")]
    network_moment = parts.moments()[_v["change"]]
    network_answer = float(network_moment.output[parts.case_of(_inputs)])
    _wanted = parts.MOVIE(_inputs)
    show(
        block(
            parts.network_picture(_v["change"], _inputs),
            text(
                "A line’s strength is its ", strong("weight"), ": thick is strong; blue speaks "
                "for, dashed orange against.",
            ),
            parts.formula(
                "wanted − answer =", f"{number(_wanted)} − {number(network_answer)}",
                f"= {number(_wanted - network_answer)}",
            ),
            parts.answer(
                f"After {_v['change']} small changes the network says {number(network_answer)}; "
                f"the right answer is {number(_wanted)}. Of all 8 possible evenings it gets ",
                strong(f"{network_moment.right} right"), ".",
            ),
            parts.error_picture(_v["change"]),
            parts.question(
                "What does an input unit calculate?",
                "Nothing at all. It is a place for a number that comes from outside. All work is "
                "done by hidden units and the output.",
            ),
        )
    )  # fmt: skip
    return network_answer, network_moment


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, switch, text):
    _page = parts.chapter(
        2,
        text(
            "One unit that works is called a ", strong("neuron"), ". It does what you do when "
            "you decide: it collects reasons. Each reason has a ", strong("weight"), ": how much "
            "it counts. The neuron adds up the weights of the reasons that are there. If the "
            "total is more than a bar, it says yes. That bar is the ", strong("threshold"), ".",
        ),
        text("This one loves Marvel films. Change its taste."),
        idea="A neuron weighs reasons, adds them up and compares.",
    )  # fmt: skip
    movie_controls = controls(
        switch("marvel", "It is a Marvel film", True),
        slider("w1", "Weight of “Marvel film”", -2, 6, 4, 0.5),
        switch("near", "The cinema is near me"),
        slider("w2", "Weight of “near me”", -2, 6, 2, 0.5),
        switch("friend", "A friend comes along"),
        slider("w3", "Weight of “with a friend”", -2, 6, 2, 0.5),
        slider("threshold", "Threshold", -2, 9, 3, 0.5),
    )
    opening(_page, movie_controls)
    return (movie_controls,)


@app.cell(hide_code=True)
def _(block, movie_controls, number, parts, show, strong, text, values):
    _v = values(movie_controls)
    _inputs = [float(_v[key]) for key in ("marvel", "near", "friend")]
    movie_neuron = parts.neuron([_v["w1"], _v["w2"], _v["w3"]], _v["threshold"])
    movie_table = movie_neuron.truth_table()
    _total = movie_neuron.sum(_inputs)
    _bias = movie_neuron.bias
    _sign = "+" if _bias >= 0 else "−"
    show(
        block(
            parts.scale_picture(movie_neuron, _inputs),
            parts.formula(parts.sum_in_words(movie_neuron, _inputs)),
            parts.answer(strong(parts.verdict_in_words(movie_neuron, _inputs))),
            text(
                "People often write the threshold on the other side and call it the ",
                strong("bias"), f": {number(_total)} {_sign} {number(abs(_bias))} = "
                f"{number(_total + _bias)}, and a yes is anything above 0. The bias is minus the "
                "threshold: the higher it is, the more easily the neuron says yes.",
            ),
            parts.cases_table(movie_neuron, _inputs),
            parts.question(
                "Set the threshold to 4 and leave only the Marvel film. Does it go?",
                "No. The total is 4, and 4 is not more than 4. A total that only reaches the "
                "threshold is not enough.",
            ),
        )
    )  # fmt: skip
    return movie_neuron, movie_table


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, text):
    _page = parts.chapter(
        3,
        text(
            "To learn, a neuron makes a small change to one of its weights, a ", strong("nudge"),
            ", and looks: is my answer better now? This works only if a small change shows.",
        ),
        text(
            "A Marvel film is on, nothing else. Nudge its weight and watch two neurons. The one "
            "of the last chapter says 0 or 1: it jumps, like a stair, and is called a ",
            strong("step"), ". The other rises gently.",
        ),
        idea="Who only says yes or no cannot feel a small change.",
    )  # fmt: skip
    nudge_controls = controls(slider("weight", "Weight of “Marvel film”", 1, 5, 2, 0.05))
    opening(_page, nudge_controls)
    return (nudge_controls,)


@app.cell(hide_code=True)
def _(block, nudge_controls, number, parts, show, text, values):
    _weight = values(nudge_controls)["weight"]
    nudge_before, nudge_after = parts.answers(_weight), parts.answers(round(_weight + 0.05, 2))
    _step, _smooth = (b - a for a, b in zip(nudge_before, nudge_after, strict=True))
    _said = "nothing happens" if _step == 0 else "its answer flips from no to yes"
    show(
        block(
            parts.nudge_picture(_weight),
            parts.formula(f"weight {number(_weight)} → {number(_weight + 0.05)}:",
                          f"step {number(nudge_before[0])} → {number(nudge_after[0])},",
                          f"smooth {number(nudge_before[1], 3)} → {number(nudge_after[1], 3)}"),
            parts.answer(f"A nudge of 0.05: to the step {_said}. The smooth neuron’s answer "
                         f"changes by {number(_smooth, 3)}."),
            text("Now let both learn all eight evenings, from nothing, by nudges alone: nudge at "
                 "random; keep it if the answers got better; otherwise take it back."),
        )
    )  # fmt: skip
    return nudge_after, nudge_before


@app.cell(hide_code=True)
def _(controls, mo, parts, slider, steps):
    race_controls = controls(
        slider("luck", "Which run of luck", 1, parts.RUNS, 1),
        steps("tried", "Nudges tried", range(0, parts.TRIES + 1, 5), play="Let them learn"),
    )
    mo.vstack([race_controls])
    return (race_controls,)


@app.cell(hide_code=True)
def _(block, parts, race_controls, show, strong, text, values):
    _tried, _luck = 5 * values(race_controls)["tried"], values(race_controls)["luck"] - 1
    race = {name: parts.run(name, _luck) for name in ("step", "sigmoid")}
    _learned = parts.learned()
    show(
        block(
            parts.race_picture(_tried, _luck),
            parts.answer(
                f"After {_tried} nudges the step has kept {race['step'].kept[_tried]} of them and "
                f"has {race['step'].right[_tried]} of 8 right; the smooth neuron has kept "
                f"{race['sigmoid'].kept[_tried]} and has ",
                strong(f"{race['sigmoid'].right[_tried]} of 8 right"), ".",
            ),
            text(
                f"Of {parts.RUNS} runs of luck, {_learned['sigmoid']} end with all eight right "
                f"for the smooth neuron, {_learned['step']} for the step.",
            ),
            parts.question(
                "Why does the step keep so few nudges?",
                "Nearly every small change leaves all its answers as they were. It cannot tell "
                "a good direction from a bad one, so it stands still.",
            ),
        )
    )  # fmt: skip
    return (race,)


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, text):
    _page = parts.chapter(
        4,
        text(
            "What a neuron makes of its total is its ", strong("activation function"),
            ". You know one: the step. Soften it and you get the ", strong("sigmoid"),
            ", an S lying on its side. It never jumps, and it stays between 0 and 1, so that it "
            "can be read as “how sure am I?”.",
        ),
        text("From here on z stands for the total with the bias added. Make the S steeper and "
             "steeper: it becomes a step again."),
        idea="Round off the step, and small changes show.",
    )  # fmt: skip
    morph_controls = controls(
        slider("k", "Steepness k", 1, 30, 1, 1),
        slider("z", "Total z", -4, 4, 1, 0.1),
    )
    opening(_page, morph_controls)
    return (morph_controls,)


@app.cell(hide_code=True)
def _(block, morph_controls, number, parts, show, text, values):
    _k, _z = values(morph_controls)["k"], values(morph_controls)["z"]
    morph_answer = parts.softened(_k, _z)
    morph_change = parts.softened(_k, _z + 0.01) - morph_answer
    show(
        block(
            parts.morph_picture(_k, _z),
            parts.formula(
                "1 / (1 + e^(−k · z))",
                f"= 1 / (1 + e^({number(-_k)} × {number(_z)}))"
                if _z >= 0 else f"= 1 / (1 + e^({number(-_k)} × ({number(_z)})))",
                f"= {number(morph_answer, 3)}",
            ),
            parts.answer(f"A nudge of 0.01 to the total changes this answer by "
                         f"{number(morph_change, 5)}."),
            text(f"Where it is steepest, at 0, the slope is k / 4 = {number(_k / 4)}. No nudge "
                 "can change the answer by more than that many times itself. (e is a number "
                 "like π: about 2.718.)"),
            parts.question(
                "Make k 30 and z 2. Why is learning hard there?",
                "The curve is flat again: a small change of the total changes nearly nothing. "
                "Far from the middle every sigmoid is flat. It is then called saturated.",
            ),
        )
    )  # fmt: skip
    return morph_answer, morph_change


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, text):
    _page = parts.chapter(
        5,
        text(
            "A sigmoid says “I am 0.3 sure”. A doctor needs a yes or a no. The line that you "
            "draw between them is the ", strong("cutoff"), ". One half looks fair. Is it?",
        ),
        text("Here are real breast tumours. A sigmoid neuron has learned from one half of the "
             "women, by the size and the texture of the cells alone; you see the other half, "
             "whom it has never met. Full bars set off an alarm."),
        idea="“Maybe” becomes yes or no where you say.",
    )  # fmt: skip
    cutoff_controls = controls(slider("cutoff", "Cutoff", 0, 1, 0.5, 0.01))
    opening(_page, cutoff_controls)
    return (cutoff_controls,)


@app.cell(hide_code=True)
def _(block, cutoff_controls, number, parts, percent_of, show, strong, text, values):
    _cutoff = values(cutoff_controls)["cutoff"]
    cutoff_best = parts.tumours().best
    cutoff_counts = parts.counts(_cutoff)
    _half, _best = parts.counts(0.5), parts.counts(cutoff_best)
    show(
        block(
            parts.crowd_picture(_cutoff),
            parts.matrix_picture(_cutoff),
            text("These four numbers are called a ", strong("confusion matrix"), ". Say that one "
                 f"missed tumour is as bad as {parts.PRICE} false alarms:"),
            parts.formula(f"{parts.PRICE} × {cutoff_counts.missed} + {cutoff_counts.alarms}",
                          f"= {cutoff_counts.cost} points of harm"),
            parts.answer(f"{percent_of(cutoff_counts.right)} of the answers are right, and the "
                         f"harm is {cutoff_counts.cost}."),
            text("The computer looked for the cutoff with the least harm among the women it "
                 f"learned from, and found {number(cutoff_best)}. On these other women that "
                 f"makes {_best.cost} points of harm; one half makes {_half.cost}."),
            parts.question(
                "Which cutoff gets the most answers right? Is it the best one?",
                "Somewhere around one half. But right answers are not all worth the same: fewer "
                "tumours are missed at a lower cutoff, at the price of more false alarms. What "
                "is best depends on what a mistake costs.",
            ),
        )
    )  # fmt: skip
    return cutoff_best, cutoff_counts


@app.cell(hide_code=True)
def _(parts):
    percent_of = parts.percent
    return (percent_of,)


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, text):
    _page = parts.chapter(
        6,
        text(
            "The sigmoid’s answers are never negative. Its cousin ", strong("tanh"),
            " (say “tansh”) has the same shape, but goes from −1 to 1 and through 0 in the "
            "middle. Take a sigmoid, make it twice as steep, twice as high, and move it down "
            "by 1: that is tanh.",
        ),
        idea="The same S, moved to where zero is the middle.",
    )  # fmt: skip
    tanh_controls = controls(
        slider("z", "Total z", -4, 4, 1, 0.1),
        slider("spread", "How far the totals spread", 0.2, 4, 1, 0.1),
    )
    opening(_page, tanh_controls)
    return (tanh_controls,)


@app.cell(hide_code=True)
def _(block, number, parts, show, tanh_controls, text, values):
    _z, _spread = values(tanh_controls)["z"], values(tanh_controls)["spread"]
    tanh_value, _twice = parts.apply("tanh", _z), parts.apply("sigmoid", 2 * _z)
    tanh_averages = {name: parts.average(name, _spread) for name in ("sigmoid", "tanh")}
    show(
        block(
            parts.cousins_picture(_z),
            parts.formula(f"tanh({number(_z)})", f"= 2 × sigmoid({number(2 * _z)}) − 1",
                          f"= 2 × {number(_twice, 3)} − 1", f"= {number(2 * _twice - 1, 3)}"),
            text("Why does the middle matter? A layer hands its answers to the next one. Send in "
                 "500 random totals, about as many below zero as above:"),
            parts.centres_picture(_spread),
            parts.answer(f"On average the sigmoid hands on {number(tanh_averages['sigmoid'])}, "
                         f"tanh {number(tanh_averages['tanh'])}."),
            text("Numbers around zero are easier for the next layer: it need not first learn to "
                 "take away what all of them share."),
            parts.question(
                "Can tanh go wrong where the sigmoid does?",
                "Yes. Far from zero it is flat too. Spread the totals to 4: most answers stick "
                "to −1 or 1, where nudges hardly show.",
            ),
        )
    )  # fmt: skip
    return tanh_averages, tanh_value


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, text):
    _page = parts.chapter(
        7,
        text(
            strong("ReLU"),
            " (“rectified linear unit”) is the simplest bend there is: below "
            "zero it says nothing, above zero it hands on the number itself. It is flat on one "
            "side, but on the other its slope is 1, however large the number.",
        ),
        idea="One bend is little. Many bends draw anything.",
    )
    relu_controls = controls(slider("z", "Total z", -4, 4, 2, 0.1))
    opening(_page, relu_controls)
    return (relu_controls,)


@app.cell(hide_code=True)
def _(block, number, parts, relu_controls, show, text, values):
    _z = values(relu_controls)["z"]
    relu_value = parts.apply("relu", _z)
    show(
        block(
            parts.relu_picture(_z),
            parts.formula("ReLU(z) = the larger of 0 and z:",
                          f"ReLU({number(_z)}) = {number(relu_value)}"),
            text("A network without activation functions can only draw a straight line, however "
                 "deep it is. Give each hidden unit one bend, and let both learn a wave."),
        )
    )  # fmt: skip
    return (relu_value,)


@app.cell(hide_code=True)
def _(controls, mo, parts, steps):
    bend_controls = controls(
        steps("units", "Hidden units", parts.UNITS, 3),
        steps("moment", "Rounds of learning", range(0, 151, parts.EVERY), play="Let it bend"),
    )
    mo.vstack([bend_controls])
    return (bend_controls,)


@app.cell(hide_code=True)
def _(bend_controls, block, number, parts, show, strong, text, values):
    _units = parts.UNITS[values(bend_controls)["units"]]
    _moment = values(bend_controls)["moment"]
    bend_fit = parts.fit(_units)
    _bent, _straight = bend_fit.bent_error[_moment], bend_fit.straight_error[_moment]
    show(
        block(
            parts.fit_picture(_units, _moment),
            parts.answer(
                f"After {_moment * parts.EVERY} rounds {_units} "
                f"{'bend is' if _units == 1 else 'bends are'} off by {number(float(_bent), 3)}, "
                f"the straight line by {number(float(_straight), 3)} ",
                "(average squared distance).",
            ),
            parts.question(
                "How many units does the wave need?",
                "Four do well here: a wave has few turns. With one or two no learning helps. "
                "Wilder shapes need more units, or more layers.",
            ),
            text("One more thing about ReLU. In a ", strong("new"), " network about half of all "
                 "units are silent for any one input: their totals are as often below zero as "
                 "above. The rest do the work."),
        )
    )  # fmt: skip
    return (bend_fit,)


@app.cell(hide_code=True)
def _(controls, mo, parts, slider, switch):
    rest_controls = controls(
        slider("digit", "Which digit", 1, parts.SHOWN, 1),
        switch("trained", "After 10 rounds of learning"),
    )
    mo.vstack([rest_controls])
    return (rest_controls,)


@app.cell(hide_code=True)
def _(block, parts, percent_of, rest_controls, show, values):
    _row, _trained = values(rest_controls)["digit"] - 1, values(rest_controls)["trained"]
    rest_shares = {trained: parts.active(trained) for trained in (False, True)}
    _awake = round(parts.LAYER * parts.active(_trained, _row))
    show(
        block(
            parts.resting_picture(_trained, _row),
            parts.answer(f"For this digit {_awake} of {parts.LAYER} units are awake; over all "
                         f"600 digits {percent_of(rest_shares[_trained])}."),
            parts.question(
                "Is it always one half?",
                f"Only at the start ({percent_of(rest_shares[False])} here). Learning moves it: "
                f"after 10 rounds it is {percent_of(rest_shares[True])}; in other networks it "
                "moves further, down or up. “About half” is a statement about new networks.",
            ),
        )
    )  # fmt: skip
    return (rest_shares,)


@app.cell(hide_code=True)
def _(controls, opening, parts, steps, strong, text):
    _page = parts.chapter(
        8,
        text(
            "Where ReLU is flat, its slope is 0, and no nudge shows. Now let a correction be so "
            "big that it pushes a unit below zero for ", strong("every"), " input. It says 0 to "
            "all. Nothing it could change would show, so it learns nothing any more: the unit is ",
            strong("dead"), ".",
        ),
        text(
            "How big the corrections are is called the ", strong("learning rate"),
            ". Here 72 ReLUs in three layers learn to read 600 handwritten digits. Choose a "
            "rate and let it run.",
        ),
        idea="Corrections that are too big can silence a unit for good.",
    )  # fmt: skip
    dying_controls = controls(
        steps("rate", "Learning rate", [f"{rate:g}" for rate in parts.RATES], 3),
        steps("done", "Rounds", range(parts.ROUNDS + 1), play="Let it learn"),
    )
    opening(_page, dying_controls)
    return (dying_controls,)


@app.cell(hide_code=True)
def _(block, dying_controls, parts, percent_of, show, strong, text, values):
    _rate = parts.RATES[values(dying_controls)["rate"]]
    _done = values(dying_controls)["done"]
    dying_life = parts.lives(_rate)["relu"]
    _share = float(dying_life.share[_done])
    show(
        block(
            parts.units_picture("relu", _rate, _done),
            text("A circle is a unit that lives; a cross is one that says 0 to all 600 digits. Now "
                 "and then one wakes again: not by its own learning, but because the layers "
                 "before it changed or the last corrections still carried it along."),
            parts.course_picture(_rate, _done, ("relu",)),
            parts.formula("dead:", f"{int(dying_life.dead[_done].sum())} / 72",
                          f"= {percent_of(_share)}"),
            parts.answer(
                f"After {_done} rounds at a learning rate of {_rate:g}, ",
                strong(f"{percent_of(_share)} of the units are dead"),
                f" and {percent_of(float(dying_life.right[_done]))} of the digits are read right.",
            ),
            parts.question(
                "At which rate does this network stop learning for good?",
                "At 0.3: half of its units die, and it reads no better than by guessing (there "
                "are ten digits, so guessing gets about 10%). At 0.01 it loses hardly a unit and "
                f"reads everything. {parts.STARTS} different starts told the same story.",
            ),
        )
    )  # fmt: skip
    return (dying_life,)


@app.cell(hide_code=True)
def _(controls, opening, parts, slider, strong, text):
    _page = parts.chapter(
        9,
        text(
            "Give ReLU a small leak: below zero it hands on a hundredth of the number instead "
            "of nothing. This is ", strong("leaky ReLU"), ". Its slope there is 0.01: small, but "
            "not 0. A nudge always shows a little, and there is a way back.",
        ),
        text(
            "How big should the leak be? ", strong("Parametric ReLU"), " lets the network learn "
            "that as well.",
        ),
        idea="A slope that is never zero keeps every unit alive.",
    )  # fmt: skip
    leak_controls = controls(
        slider("slope", "Slope of the leak", 0, 0.5, 0.01, 0.01),
        slider("z", "Total z", -4, 4, -2, 0.1),
    )
    opening(_page, leak_controls)
    return (leak_controls,)


@app.cell(hide_code=True)
def _(block, leak_controls, number, parts, show, text, values):
    _slope, _z = values(leak_controls)["slope"], values(leak_controls)["z"]
    leak_value = _z if _z > 0 else _slope * _z
    _said = f"{number(_slope)} × ({number(_z)})" if _z <= 0 else "z itself"
    show(
        block(
            parts.leak_picture(_slope, _z),
            parts.formula(f"f({number(_z)}) =", _said, f"= {number(leak_value, 3)}"),
            text("Now the same race as before: the same start, the same digits in the same "
                 "order. Only the activation function differs."),
        )
    )  # fmt: skip
    return (leak_value,)


@app.cell(hide_code=True)
def _(choice, controls, mo, parts, steps):
    cure_controls = controls(
        choice("cure", "Compare ReLU with", ["leaky ReLU", "parametric ReLU", "both"]),
        steps("rate", "Learning rate", [f"{rate:g}" for rate in parts.RATES], 3),
        steps("done", "Rounds", range(parts.ROUNDS + 1), play="Let them learn"),
    )
    mo.vstack([cure_controls])
    return (cure_controls,)


@app.cell(hide_code=True)
def _(block, cure_controls, parts, percent_of, show, strong, values):
    _v = values(cure_controls)
    _rate, _done = parts.RATES[_v["rate"]], _v["done"]
    _cures = {"leaky ReLU": ("leaky_relu",), "parametric ReLU": ("prelu",)}.get(
        _v["cure"], ("leaky_relu", "prelu")
    )
    cure_lives = parts.lives(_rate)
    _said = [
        f"{parts.NAMES[name]}: {percent_of(float(cure_lives[name].share[_done]))} dead, "
        f"{percent_of(float(cure_lives[name].right[_done]))} right"
        for name in ("relu", *_cures)
    ]
    show(
        block(
            [parts.units_picture(name, _rate, _done) for name in _cures],
            parts.course_picture(_rate, _done, ("relu", *_cures)),
            parts.answer(f"After {_done} rounds at {_rate:g}. ", strong("; ".join(_said)), "."),
            parts.question(
                "So should one always use a leak?",
                "It keeps units alive; it does not make a bad learning rate good. At 0.3 the "
                "leaky network still learns where ReLU has stopped, but it reads badly. At 0.01 "
                "all three do well, leak or no leak. Look before you choose: that is what this "
                "tool is for.",
            ),
        )
    )  # fmt: skip
    return (cure_lives,)


@app.cell(hide_code=True)
def _(controls, opening, parts, switch, text):
    _page = parts.chapter(
        10,
        text("Here are the six you have met. There are many more; every one answers the same "
             "question: what shall a neuron make of its total?"),
        idea="Now you can read the whole family, and ask your own data.",
    )  # fmt: skip
    poster_controls = controls(switch("all", "Show all of them"))
    opening(_page, poster_controls)
    return (poster_controls,)


@app.cell(hide_code=True)
def _(block, parts, poster_controls, show, values):
    show(block(parts.poster(values(poster_controls)["all"]), parts.yours()))
    return


@app.cell(hide_code=True)
def _(controls, mo, parts):
    file_controls = controls(
        parts.file("file", "Choose a CSV file", ".csv,.tsv,.txt,text/csv", parts.MOST_BYTES)
    )
    mo.vstack([file_controls])
    return (file_controls,)


@app.cell(hide_code=True)
def _(block, choice, controls, file_controls, mo, parts, show, text, values):
    table_read = parts.received(values(file_controls)["file"])
    target_controls = None
    presses = {"seen": 0}  # another column alone starts nothing: only a new press of the button
    _shown = []
    if table_read is not None and table_read.frame is not None:
        _columns = [str(column) for column in table_read.frame.columns]
        target_controls = controls(
            choice("target", "Column to predict", _columns, _columns[-1]),
            parts.press("go", "Compare six functions"),
        )
        _shown = [show(block(text(table_read.note))), target_controls]
    elif table_read is not None:
        _shown = [show(block(parts.complaint(table_read.error)))]
    mo.vstack(_shown)
    return presses, table_read, target_controls


@app.cell(hide_code=True)
def _(mo, parts, presses, show, table_read, target_controls, values):
    mo.stop(target_controls is None or values(target_controls)["go"] == presses["seen"])
    presses["seen"] = values(target_controls)["go"]
    job = parts.Job(table_read, values(target_controls)["target"])
    with mo.status.progress_bar(
        total=100, title="Training", show_eta=True, show_rate=False, remove_on_exit=True
    ) as _bar:
        _done = 0
        for _share in job.shares():
            _bar.update(increment=int(100 * _share) - _done)
            _done = int(100 * _share)
    show(
        parts.block(parts.complaint(job.error)) if job.result is None else parts.result(job.result)
    )
    return (job,)


@app.cell(hide_code=True)
def _(parts, show):
    show(parts.farewell())
    return


if __name__ == "__main__":
    app.run()
