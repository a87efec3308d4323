"""The cues that tell an objection from other talk of a prospect, with their weights in log odds.

The weights come, as those of claims, from a logistic regression over labelled calls, rounded to a tenth.
"""

from __future__ import annotations

import re

from backend.analysis.cues import Cue, cue
from backend.report import ObjectionCategory

BIAS = -1.6
CUES: tuple[Cue, ...] = (
    cue(
        "worries",
        1.0,
        r"(?<!not )(?<!n't )\b(?:worr(?:y|ied|ies)|concern(?:ed|s)?|afraid|nervous|scared|scares|risk(?:y"
        r"|s)?|uncomfortable|skeptic\w*|sceptic\w*",
        r"|bothers?|my (?:real )?(?:problem|issue|fear)|the thing i)\b",
    ),
    cue(
        "refuses",
        2.2,
        r"\b(?:can(?:no|['’]?)t (?:have|be|touch|put|do|go|use|sign|let|get|move|see|open|afford|justify"
        r"|sell|take)|won['’]?t (?:let|work|fly|pass|go|sign|accept|be able)"
        r"|(?:i|we)(?:['’]?m| am|['’]?re| are) not (?:doing|adding|putting|onboarding|paying|signing"
        r"|moving|buying|going to (?:pay|sign|move|use|put|let|rewrite)|gonna|allowed)|not negotiable"
        r"|no way|out of the question"
        r"|would(?: not|n['’]?t) (?:fly|work|pass)|never get|don['’]?t (?:allow|accept|sign"
        r"|do \w+ (?:years|deals)|want to (?:move|be locked|depend))|not until)\b",
    ),
    cue(
        "must have",
        0.9,
        r"\b(?:we need|need to have|must|required?|have to have|policy|deal ?breaker|blocker"
        r"|non[- ]starter|show ?stopper|without (?:a|an|that|those|single|it)|mandatory|rule)\b",
    ),
    cue(
        "doubts",
        2.3,
        r"\b(?:not sure (?:what|why|how|i|we|that)|don['’]?t (?:see|understand|love|like|trust|believe"
        r"|buy)|hard (?:time|to|sell)|doubt|why (?:would|should|do|am|not)|what stops|what do we (?:stop"
        r"|gain)"
        r"|how hard|isn['’]?t worse|worse than|no good|not enough|just another|another (?:thing|tool"
        r"|vendor|scheduler|one)|not convinced|explain (?:why|moving|to))\b",
    ),
    cue(
        "price",
        0.8,
        r"\b(?:expensive|costs?|price[sd]?|pricing|budget|pay(?:ing)?|cheaper|free|dollars?|number|quote"
        r"|finance|procurement|a head|per (?:user|seat)|discount|cap|invoice|credits?)\b",
    ),
    cue(
        "security",
        0.6,
        r"\b(?:security|secur\w+|data|phi|pii|credentials?|keys?|cloud|compliance|audit\w*|regulat\w*"
        r"|legal|soc|hipaa|iso|baa|gdpr|policy|single sign[- ]on|sso|logs|model|vendors?|agreement)\b",
    ),
    cue(
        "timing",
        0.7,
        r"\b(?:freeze|season|quarter|next year|deadline|not (?:now|this year)|until|november|december"
        r"|january|budget cycle|right time|priorit\w*)\b",
    ),
    cue(
        "lock-in or future",
        1.0,
        r"\b(?:leave|lock(?:ed)?|lock[- ]in|outgrown?|acqui\w*|bought|switch off|in (?:\w+ )?(?:years?"
        r"|eighteen months|a year)|shut down|end up|hostage|supplier|three years)\b",
    ),
    cue(
        "support",
        0.8,
        r"\b(?:support|ticket|who do (?:i|we) call|on[- ]call|nobody (?:called|answered|knew)"
        r"|response time|status page|downtime|outage|down)\b",
    ),
    cue(
        "authority",
        0.7,
        r"\b(?:sign off|don['’]?t sign|cto|cfo|ciso|boss|director|board|procurement|upstairs|leadership"
        r"|legal|approve|meeting)\b",
    ),
    cue(
        "burned before",
        0.2,
        r"\b(?:last time|burned|hurt|seen it|took us|used to|at my (?:old|last)|promised|told us"
        r"|i['’]ve had|we had)\b",
    ),
    cue("but", 0.5, r"(?:^|[,.] )(?:but|honestly|to be honest|i['’]ll be honest|look)\b"),
    cue("because", 0.3, r"^(?:and |so )?(?:because|if)\b"),
    cue("first person", 0.3, r"\b(?:i|i['’]\w+|im|ive|we|we['’]\w+|my|our|us|me)\b"),
    cue(
        "negation",
        0.4,
        r"\b(?:not|no|none|never|nothing|nobody|can['’]?t|cannot|cant|don['’]?t|dont|won['’]?t|isn['’]?t"
        r"|doesn['’]?t|without)\b",
    ),
    cue("question", -0.2, r"\?"),
    cue(
        "reassures",
        -0.7,
        r"\b(?:i can live with|not (?:hostile|difficult|mad|against|shopping|personal)|no objection"
        r"|don['’]?t (?:hate|really care|need)|comfortable with|pretty sold|good|great|fine|nice|thanks"
        r"|thank you|fair|okay|i like|agree|helps|happy|love)\b",
    ),
    cue(
        "advises or asks us",
        -1.5,
        r"\b(?:i['’]d|i would) (?:lead|like you|start|go with|put|send|open|ask|skip)\b",
    ),
    cue(
        "keeps something back",
        -2.5,
        r"\b(?:i['’]?m|i am|we['’]re|we are) not (?:giving|telling|saying|sharing|naming)\b",
    ),
    cue("parts", -3.0, r"\A\W*(?:bye|goodbye|see you|cheers|take care|talk soon)\b"),
    cue("hardly a word", -1.5, r"\A(?:\S+\s+){0,3}\S*\Z"),
    cue("few words", -1.2, r"\A(?:\S+\s+){0,6}\S*\Z"),
)
ACKNOWLEDGED = cue(
    "is taken as an objection",
    1.4,
    r"\A\W*(?:(?:um|yeah|yes|no|okay|so|right|sure|well)\W+)*(?:i hear|i get (?:it|that)|fair|totally"
    r"|understood|that['’]?s (?:fair|a fair|totally|the right|real|a good)|makes sense|i (?:completely "
    r"|totally )?understand|really common|really glad|sure[.,] sure|no,? (?:it['’]?s|that['’]?s)"
    r"|good point|i appreciate|honest|of course|no, understood)",
)

KINDS: tuple[tuple[ObjectionCategory, re.Pattern[str]], ...] = (
    (
        "compliance",
        re.compile(
            r"\b(?:soc ?2|hipaa|baa|iso|gdpr|certif\w*|regulat\w*|audit(?:ors?)|compliance"
            r"|business associate|agreement)\b"
        ),
    ),
    (
        "authority",
        re.compile(
            r"\b(?:sign off|don['’]?t sign|not my (?:call|decision)|upstairs|delegate|procurement makes"
            r"|convince)\b"
        ),
    ),
    (
        "timing",
        re.compile(
            r"\b(?:freeze|season|next (?:quarter|year)|not (?:now|this year)|november|december|january"
            r"|priorit\w*|until)\b"
        ),
    ),
    (
        "price",
        re.compile(
            r"\b(?:expensive|costs?|price[sd]?|pricing|budget|pay(?:ing)?|cheaper|dollars?|quote|a head"
            r"|discount|flat|finance)\b"
        ),
    ),
    (
        "lock_in",
        re.compile(r"\b(?:lock(?:ed)?[- ]?in|locked|leave|hostage|three years|renewal|supplier)\b"),
    ),
    (
        "support",
        re.compile(
            r"\b(?:support|ticket|who do (?:i|we) call|on[- ]call|last to know|response time|outage"
            r"|status page|down)\b"
        ),
    ),
    (
        "migration_effort",
        re.compile(
            r"\b(?:migrat\w*|rewr\w*|redo|re-?write|moving \w+ (?:years|dags|jobs)|contractor|bandwidth"
            r"|appetite)\b"
        ),
    ),
    (
        "build_in_house",
        re.compile(
            r"\b(?:our own|in[- ]house|we (?:built|wrote)|home-?grown|i could add|lines of (?:code|python))\b"
        ),
    ),
    (
        "security",
        re.compile(
            r"\b(?:secur\w+|data|phi|pii|credentials?|keys?|cloud|vpc|sso|single sign[- ]on|logs|model|url"
            r"|policy)\b"
        ),
    ),
    (
        "scale",
        re.compile(
            r"\b(?:scale\w*|thousands?|million|hundred (?:\w+ )?(?:runs|jobs|flows)|rate limits?|latency"
            r"|concurren\w*)\b"
        ),
    ),
    (
        "maturity",
        re.compile(
            r"\b(?:acqui\w*|bought|switch off|shut down|in \w+ years?|months|outgrown?|broke|breaking"
            r"|unstable|young|dead)\b"
        ),
    ),
    (
        "feature_gap",
        re.compile(
            r"\b(?:lineage|backfill\w*|retention|history|java|go|provider|connector\w*|integration\w*"
            r"|isn['’]?t worse|missing)\b"
        ),
    ),
    (
        "status_quo",
        re.compile(
            r"\b(?:already|works(?: fine)?|we (?:have|use|run)|another (?:tool|scheduler|thing)|moving"
            r"|air ?flow)\b"
        ),
    ),
)
"""The words of each kind of objection; the earlier of two equals is meant."""
