"""A sweep of settings that share no budgets: dense, a window, a press and two of Lighthouse's, as runs record them."""

READINGS = {"press_snapkv_ratio_0.5": "context"}  # the others read the prompt
LIGHTHOUSE = {"k": 512, "selection": "chunked", "dense_layers": [0]}
SETTINGS = {
    "dense": (None, "dense", None, None, None),
    "window_tokens_1024_sinks_4": (
        {"method": "window", "tokens": 1024, "sinks": 4}, "window:tokens=1024,sinks=4", "window", 1024, "tokens",
    ),
    "press_snapkv_ratio_0.5": (
        {"method": "press", "name": "snapkv", "ratio": 0.5}, "press:snapkv,ratio=0.5", "press:snapkv", 0.5, "ratio",
    ),
    "pooled-qk-k512": (
        LIGHTHOUSE | {"scorer": "pooled-qk"}, "lighthouse:k=512,scorer=pooled-qk", "pooled-qk", 512, "k",
    ),
    "lighthouse_k_512_num_levels_4": (
        LIGHTHOUSE | {"scorer": "norm", "num_levels": 4},
        "lighthouse:k=512,num_levels=4", "norm num_levels=4", 512, "k",
    ),
}  # fmt: skip
LABELS = {
    "dense": "dense",
    "window_tokens_1024_sinks_4": "window tokens=1024",
    "press_snapkv_ratio_0.5": "press:snapkv ratio=0.5",
    "pooled-qk-k512": "pooled-qk k=512",
    "lighthouse_k_512_num_levels_4": "norm num_levels=4 k=512",
}


def config_of(name, readings=READINGS):
    """What the setting's config.json says of how the model attends."""
    attention, text, family, budget, budget_name = SETTINGS[name]
    setting = {"text": text, "name": name, "family": family, "budget": budget, "budget_name": budget_name}
    return {"attention": attention, "setting": setting, "reading": readings.get(name, "prompt")}


def write_mixed(make_run, folder, readings=READINGS):
    """Write the settings' runs into a folder; each finds less than the one before it at the greater length."""
    for place, name in enumerate(SETTINGS):
        make_run(
            f"{folder}/{name}",
            recall=None if name == "dense" else 0.5,
            score=lambda length, depth, trial, place=place: length == 1024 or depth > 25 * place,
            **config_of(name, readings),
        )
