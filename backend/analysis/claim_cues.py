"""The cues that tell a product claim from other talk, with their weights in log odds.

The weights are those of a logistic regression over labelled calls, rounded to a tenth. Each pattern is
meant for any call about a product of this kind; none was written for the words of one call.
"""

from __future__ import annotations

import re

from backend.analysis.cues import Cue, cue

OWN = (
    r"prefect|hobby|starter|enterprise|customer[- ]managed|horizon|fast ?mcp|mcp|control plane|open[- ]source"
    r"|self[- ]host\w*|work[- ]?pools?|work ?spaces?|workers?|automations?|service accounts?|(?:flow"
    r"|task) runs?"
    r"|sub[- ]?flows?|flows?|deployments?|webhooks?|retries|concurrency|sso|saml|scim|oidc|rbac|audit logs?"
    r"|rate limits?|private ?link|allow ?list\w*|soc 2|push pools?|decorators?|artifacts?|heart ?beats?"
    r"|rrule|cloud"
)
SHARED = (
    r"oss|tasks?|blocks?|schedules?|assets?|triggers?|events?|retry|cach(?:e[sd]?|ing)|results?|persist\w*"
    r"|states?"
    r"|crashed|crashes|zombies?|late|single sign[- ]on|roles?|role[- ]based|acls?|access lists?|retention"
    r"|history"
    r"|slas?|hipaa|baa|encrypt\w*|managed|serverless|ui|dashboard|api|cli|sdk|yaml|helm|terraform|pulumi"
    r"|docker"
    r"|image|kubernetes|k8s|pods?|ecs|fargate|modal|dask|ray|dbt|d b t|snowflake|databricks|postgres"
    r"|sqlite|redis"
    r"|load balancer|apache|licen[cs]e|parameters?|variables?|secrets?|logs?|logging|metadata|outbound"
    r"|inbound"
    r"|https|websocket|timeouts?|cron|intervals?|backfills?|rollback|versions?|integrations?|providers?"
    r"|hooks?"
    r"|python|pydantic|hosted|server|hybrid|telemetry|endpoint|keys?|agents?|migration|transfer|plans?"
    r"|tier|pro"
    r"|team|seats?|users?|price|priced|pricing|billed?|charge|free|quote|list price|discount|lineage"
    r"|notifications?|slack|teams|email|pages?|pause|suspend|cancel\w*"
)
GENERIC = (
    r"cloud|open[- ]source|enterprise|starter|hobby|horizon|workers?|flows?|deployments?|webhooks?|retries?"
    r"|concurrency|decorators?|artifacts?|control plane|self[- ]host\w*|rate limits?|heart ?beats?|oidc|saml"
    r"|sso|mcp|soc 2|audit logs?|allow ?list\w*|rbac|scim"
)
"""Those of OWN that any talk about software may hold."""
RIVALS = (
    r"air ?flow|dagster|temporal|kestra|luigi|argo|step functions|astronomer|databricks|mage|flyte|windmill"
    r"|jenkins"
)
NUMBER = (
    r"\d[\d,.]*|half an?|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen"
    r"|twenty|thirty"
    r"|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million"
)
UNIT = (
    r"seconds?|minutes?|hours?|days?|weeks?|months?|years?|users?|seats?|people|deployments?|workspaces?"
    r"|automations?"
    r"|requests?|logs?|events?|(?:task |flow )?runs?|dollars?|bucks|cents?|percent|an? (?:month|minute"
    r"|hour|year)"
    r"|per (?:user|month|minute|run)|gigs?|vcpus?|entries|times|megabytes|kilobytes|nines|transitions"
)
_I = r"i|i['’]\w+|im|ive|ill"
_START = r"^(?:and |so |but |because |okay |ok )?"


BIAS = -0.9
ANSWERS_A_QUESTION = Cue("answers a question", 0.5, re.compile(r"\?.{0,200}\Z", re.DOTALL))
AFTER_PRODUCT_TALK = Cue("after product talk", 0.4, re.compile(rf"\b(?:{OWN}|{SHARED})\b"))
GOES_ON = Cue("goes on about the product", 0.8, re.compile(rf"\b(?:{OWN}|{SHARED})\b"))
OPENING = Cue("opening of the call", -1.1, re.compile(""))
QUESTION = Cue("question", -2.4, re.compile(r"\?"))
CUES: tuple[Cue, ...] = (
    cue("product word", 1.1, rf"\b(?:{OWN}|{SHARED})\b"),
    cue("unmistakable product word", 0.1, rf"\b(?:{OWN})\b"),
    cue("two product words", 0.8, rf"\b(?:{OWN}|{SHARED})\b.*?\b(?:{OWN}|{SHARED})\b"),
    cue("another product", 0.9, rf"\b(?:{RIVALS})\b"),
    cue(
        "plan",
        0.7,
        r"\b(?:hobby|starter|team|pro|enterprise|every plan|all (?:the )?(?:paid )?plans",
        r"|(?:free|paid) (?:plan|tier)s?)\b",
    ),
    cue(
        "edition",
        0.5,
        r"\b(?:open[- ]source|self[- ]host\w*|cloud only|in cloud|customer[- ]managed)\b",
    ),
    cue("number with a unit", 0.6, rf"\b(?:{NUMBER})\b[\w\s,-]{{0,25}}?\b(?:{UNIT})\b"),
    cue(
        "built in",
        1.0,
        r"\b(?:by default|out of the box|built[- ]in|included|comes? with|automatic(?:ally)?",
        r"|for free|no charge|limit\w*|cap(?:ped)?)\b",
    ),
    cue(
        "there is",
        0.1,
        r"\b(?:there(?:['’]?s| is| are| isn['’]?t)|we(?:['’]ve| have) (?:got )?(?:a|an|the)",
        r"|(?:it['’]?s |it is )?called)\b",
    ),
    cue(
        "you can",
        1.0,
        r"\byou (?:can|could|get|don['’]?t (?:need|have)|just|set|put|write|mark|run|give|pass",
        r"|point|add|deploy|schedule)\b",
    ),
    cue(
        "it does",
        0.7,
        r"\b(?:it|they|that|those|we|which)(?:['’]ll)? (?:can|will|does|do|doesn['’]?t",
        r"|don['’]?t|runs?|works?|supports?|sends?|keeps?",
        r"|stores?|holds?|handles?|counts?|starts?|picks?|polls?|shows?|gets?|goes|needs?",
        r"|takes?|makes?|lets?|never|only|always|retr\w+|cancels?|creates?|marks?)\b",
    ),
    cue(
        "verb of a feature",
        0.6,
        r"\b(?:runs|works|supports|sends|keeps|stores|holds|handles|counts|starts|picks|polls",
        r"|shows|retries|cancels|creates",
        r"|marks|applies|covers|includes|costs|lists|expires|restarts|waits|blocks|skips",
        r"|writes|reads|calls|lets|gives|needs|requires|goes|comes",
        r"|lives|stays|submits|pushes|tracks|inherits|defaults)\b",
    ),
    cue(
        "absolute",
        0.7,
        r"\b(?:never|always|unlimited|any|all|every|everything|anything|only|nothing",
        r"|guaranteed|no)\b",
    ),
    cue("not", 0.2, r"\b(?:not|isn['’]?t|aren['’]?t|doesn['’]?t|don['’]?t|can['’]?t|won['’]?t|no)\b"),
    cue(
        "subject is it",
        0.1,
        rf"{_START}(?:it|it['’]s|its|they|they['’]re|those|that|that['’]s|thats|these)\b",
    ),
    cue("subject is we", 0.9, rf"{_START}(?:we|we['’]re|we['’]ve|ours?)\b"),
    cue(
        "subject is I",
        -1.0,
        rf"{_START}(?:{_I})\b(?! (?:think|believe|guess) (?:it|that|there|you|we|they|so))",
    ),
    cue("speaks of oneself", -1.5, rf"\b(?:{_I}|me|my)\b"),
    cue("hedge", 1.1, r"\b(?:i think|i believe|pretty sure|i want to say)\b"),
    cue(
        "plan to do",
        -0.6,
        r"\b(?:i['’]?ll|i will|we['’]?ll|let me|let['’]?s|lets|gonna|going to|i can (?:send",
        r"|get|show|do|share|put|ask|find|check)",
        r"|i want to|i['’]?d (?:like|want|love|have to)|happy to|next (?:week|step)|follow up",
        r"|(?:send|get|show|walk) you|by \w+day|tomorrow|today)\b",
    ),
    cue(
        "advice",
        -0.8,
        r"\b(?:i['’]d|i would|i wouldn['’]t|you['’]d want|you want to|should|what i['’]d",
        r"|personally|my advice|recommend|make sense|worth)\b",
    ),
    cue(
        "opinion",
        -1.0,
        r"\b(?:honestly|nice|cool|great|good|love|best|better|beauty|favou?rite|feel|happier",
        r"|biased|fair|pretty|kind of|sort of|easy|boring|funny|bad|sorry)\b",
    ),
    cue("would", -0.9, r"\byou(?:['’]d| would|d| might)\b"),
    cue(
        "supposes",
        -2.2,
        r"\b(?:imagine|suppose|supposing|what if|if you (?:were|did|had|wanted)",
        r"|let['’]?s say|say you (?:have",
        r"|had)|hypothetically)\b",
    ),
    cue(
        "is meant to come",
        -3.2,
        r"\b(?:we(?:['’]re| are)? (?:plan(?:ning)?|hop(?:e|ing)|want|aim(?:ing)?|think(?:ing)? (?:of|about)",
        r"|work(?:ing)? on)|at some point|some ?day|eventually)\b",
    ),
    cue(
        "tells back",
        -3.0,
        r"\b(?:you (?:said|mentioned|told|were saying|wrote)|your (?:jobs|dags|pipelines",
        r"|scripts|clusters?|cron)",
        r"|you (?:have|run) (?:about |some )?(?:\w+ )?(?:hundred|thousand)|so you (?:have",
        r"|run|use|are on)|\Ayou(?:['’]?re| are) on (?:the )?(?:hobby|starter|team|pro|enterprise)\b"
        r"|customers? (?:tell|told|say|said)",
        r"|(?:your|the) team (?:deploys|uses|runs|writes))\b",
    ),
    cue(
        "their own",
        -0.2,
        r"\b(?:you guys|y['’]all|you (?:said|mentioned|told|wrote|sent|asked|were|have)|(?:did",
        r"|do|are) you|sounds like",
        r"|your (?:team|company|side|data|code|own|people|call|laptop|trial|cto|security|folks",
        r"|numbers?|current))\b",
    ),
    cue(
        "on the screen",
        -1.0,
        r"\b(?:here|see|look|looking|click\w*|screen|scroll\w*|tab|sharing|this (?:one|is|page",
        r"|thing|flow)|these|on the (?:left|right|top)|right there|mine|green|purple|blue)\b",
    ),
    cue(
        "person",
        -0.4,
        r"\b(?:he|she|him|her|his|guy|folks|customers?|somebody|someone|everybody|nobody",
        r"|people|colleague|friend|kids?)\b",
    ),
    cue(
        "small talk",
        -0.8,
        r"\b(?:thanks?|thank you|hello|hi|hey|bye|cheers|morning|afternoon|weekend|weather",
        r"|mute|coffee|lunch|calendar|meeting|slide",
        r"|minutes left|agenda|hear (?:me|you)|got it|understood|no worries|makes sense|ha)\b",
    ),
    cue("hardly a word", -1.8, r"\A(?:\S+\s+){0,2}\S*\Z"),
    cue("few words", -0.6, r"\A(?:\S+\s+){3,5}\S+\Z"),
    cue("is or has", 0.3, r"\b(?:is|are|['’]s|has|have|['’]ve got|comes?|called|means)\b"),
)
ALL: tuple[Cue, ...] = (*CUES, ANSWERS_A_QUESTION, AFTER_PRODUCT_TALK, GOES_ON, OPENING, QUESTION)
