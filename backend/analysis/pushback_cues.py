"""The signs by which an objection is told from other talk of a prospect: families of what people say.

They read plain words: lower case, without apostrophes. Their weights are learned (`learned.py`).
"""

from __future__ import annotations

import re

_APOSTROPHES = str.maketrans("", "", "'’")


def plain(text: str) -> str:
    """Lower case, without apostrophes, as speech recognition often leaves them out."""
    return text.lower().translate(_APOSTROPHES)


def _said(*parts: str, before: str = "") -> re.Pattern[str]:
    """Any of these, as whole words."""
    return re.compile(rf"{before}\b(?:{''.join(parts)})\b")


SIGNS: dict[str, re.Pattern[str]] = {
    "worries": _said(
        r"worr(?:y|ied|ies|ying)|concern(?:ed|s|ing)?|afraid|nervous|scar(?:ed|es|y)|risk(?:y|s)?"
        r"|uncomfortable|uneasy|s[kc]eptic\w*|fears?|bothers?|dread\w*|keeps (?:me|us) (?:up|awake)"
        r"|red flags?|hesita\w+|wary|allergic|alarm\w*|nervous|careful|touchy|keeps coming up"
        r"|lose sleep",
        before=r"(?<!not )(?<!nt )(?<!been )",
    ),
    "has a problem": _said(
        r"(?:my|our|the)(?: real| main| only| big| bigger| biggest| one| other)* (?:problem|issue"
        r"|question mark|sticking point|snag|catch|trouble|hang ?up|objection|pushback|fear)"
        r"|problem for (?:me|us|them|my|our)"
        r"|thats(?: kind of| sort of| a bit of| still| just| close to)* an? (?:real |bit of a "
        r"|big )?(?:problem|issue|concern|blocker|stretch|big ask|hard sell|tall order|gap|zero|no"
        r"|deal ?breaker)|(?:the|one) thing (?:i|we|that|is)"
        r"|thats not (?:great|good|ideal|support|enough|nothing|ok|okay)|not great"
        r"|(?:a|kind of a|bit of a) mess"
    ),
    "refuses": _said(
        r"(?:cant|cannot|can not|couldnt|could not) (?:just |really |have|be|touch|put|do|go|use"
        r"|sign|let|get|move|justify|afford|sell|take|send|give|bring|spend|commit|ask|allow|defend"
        r"|risk|leave)"
        r"|wont (?:let|work|fly|pass|go|sign|accept|be able|touch|move|approve|allow|have)"
        r"|will not (?:let|work|sign|accept|approve|allow|have)"
        r"|(?:i ?m|we ?re|im|were|i am|we are|id|wed) not (?:doing|adding|putting|onboarding|paying"
        r"|signing|moving|buying|going to|gonna|allowed|ready|willing|taking|giving up|having|able"
        r"|looking|actively)|would(?:nt| not) (?:fly|work|pass|go|sign|want|trust|let)"
        r"|never (?:get|going|sign|let|put|again)"
        r"|dont (?:allow|accept|sign|do|want|put|need|let|have (?:the )?(?:time|people|bandwidth"
        r"|capacity|budget|headcount|appetite|anyone|room|\w+ months))"
    ),
    "draws a line": _said(
        r"not negotiable|non ?negotiable|full stop|period|end of (?:story|discussion)"
        r"|out of the question|no way|no exceptions|dead on arrival|non[- ]?starter"
        r"|deal ?(?:breaker|killer)|show ?stopper|blocker|walk away"
        r"|(?:stop|finish|end) (?:here|now|there|it here)|off the table|(?:easy|hard|flat) no"
        r"|its a no|answer (?:is|will be|would be) (?:a )?no|kills? (?:it|this|us|the)|forbid\w*"
        r"|forbidden|banned|prohibit\w*|not permitted|(?:not|isnt|arent) allowed"
        r"|against (?:our|the|policy)|off limits|nowhere near|no[- ]go|ship has sailed|veto\w*"
        r"|short conversation|take(?:s)? it or|can say no|says no|said no|one too many|thats it"
        r"|not happening|say no|has to be|have to be able"
    ),
    "rule": _said(
        r"polic(?:y|ies)|our rule|the rule|rules? (?:say|is|are)|contracts? (?:say|says|require)"
        r"|agreements? (?:say|says|require)|requires?|required|requirement|mandat\w+|must(?:nt)?"
        r"|(?:have|need) to have|insist\w*|without (?:a|an|that|those|it|the|single|them)|obliged"
        r"|legally|wants? the right|under (?:an?|the) \w+ agreement"
    ),
    "doubts": _said(
        r"not (?:so |really |entirely |totally |quite |at all )?(?:sure|convinced|clear|certain"
        r"|sold|persuaded|comfortable)"
        r"|dont (?:really |quite |yet )?(?:see|understand|get|love|like|trust|believe|buy)"
        r"|do not (?:see|understand|trust|believe|like)|hard (?:time|to|sell|pressed|for)"
        r"|difficult (?:to|for)|struggl\w+|tough (?:sell|to|for)|doubt\w*"
        r"|cant (?:picture|imagine|see)|remains to be seen|too good|look forward|big step"
        r"|(?:i|we)ll believe|hold you to|isnt worse|explain (?:why|moving|to|that|this)"
        r"|selling something|felt like a toy|a toy|not going to (?:learn|use|touch|like|happen)"
        r"|rather not|unlikely|i wonder|too good|sounds like"
    ),
    "challenges": _said(
        r"why (?:would|should|do|are|am|is|not|cant|pay|bother|switch|change|move|wouldnt|even)"
        r"|what(?: do| would| will|s| am| are) (?:we|i|left|the point|the benefit|in it"
        r"|it buy)\b.{0,20}(?:gain|get|stop|save|pay\w*|buy\w*|left|for|point)?"
        r"|whats (?:the (?:point|catch|benefit|difference|upside)|in it|left|to stop)"
        r"|what (?:stops|protects|happens)|who (?:protects|guarantees|does it|do i call|pays)"
        r"|how (?:hard|painful|disruptive|stable|mature|much work)"
        r"|how do (?:i|we) (?:know|get out|explain|sell|justify)|isnt (?:it|this|that) just"
        r"|whos going to|should (?:we|they) (?:wait|stop)|wouldnt (?:we|it|i)|what about when"
        r"|who keeps|what if|does any of|are you sending|should i|can you see our"
        r"|will you (?:sign|be around)|what have you got"
    ),
    "content with today": _said(
        r"(?:works?|working|runs?|does|do) (?:just )?(?:fine|okay|ok|well|great|the job|what (?:we"
        r"|i) need|for us|enough)|gets? the (?:job|work) done|good enough|it works|\w+ works\."
        r"|holds (?:up|together)|(?:isnt|not|aint) broken?|happy with"
        r"|not (?:\w+ ){0,2}(?:shopping|in the market|looking)"
        r"|already (?:have|has|got|built|pay|paying|use|run|own|do|does|running|bought|covers?"
        r"|included|wrote|paid)|used to (?:it|that)|finally learned|knows? (?:it|airflow)|sunk"
        r"|invested|comes? with|included|is free|for free|for nothing"
        r"|weve got .{0,30} (?:already|for that)|understand every|ive got .{0,20} for that"
        r"|we have .{0,20} for that|we pay for it"
        r"|(?:runs?|manages?|covers?|handles?|takes care of|babysits?) (?:it|ours|this|that|our"
        r"|the whole|all)|does everything|swears? by|should do|will do|so theres no pain|never touch"
        r"|duct tape|eighty percent of|has (?:a provider|all|it|that|one)\b.{0,20}|at no extra"
        r"|three[- ]year deal|all that"
    ),
    "another thing": _said(
        r"another (?:thing|tool|vendor|scheduler|system|platform|one|dashboard|login|bill|agent"
        r"|service|product|company|supplier)|one more (?:thing|tool|vendor|system|login|bill)"
        r"|yet another"
        r"|(?:second|third|fourth|fifth) (?:scheduler|tool|orchestrator|system|platform|vendor)"
        r"|(?:something|anything|nothing) new"
        r"|new (?:vendor|supplier|tool|subprocessor|system|processor)|on top|one more (?:thing|tool)"
        r"|two of (?:anything|them|these)|two systems|three schedulers|two on[- ]?calls|two places"
        r"|new place|keep alive|(?:to|must|would|will|can) look after|babysit|yours too"
    ),
    "would build": _said(
        r"(?:built|build|wrote|write|written|made|rolled|hack\w*|add) (?:it|this|that|one|our"
        r"|ourselves|myself|something|a timeout)|our own|in[- ]?house|home ?(?:grown|made)|ourselves"
        r"|lines of (?:code|python)|in (?:an afternoon|a weekend|a (?:couple|few)|a week|two weeks)"
        r"|half of me|self[- ]?host\w*|community edition|spin up"
        r"|(?:our|my|one of our) (?:guys|engineers|people|platform team) (?:wrote|built)"
        r"|weekends? of work|with a queue|control it"
    ),
    "money": _said(
        r"expensive|price[sd]?|pricing|pricey|costs?|budget\w*|afford|pay(?:ing|s)?|spend|spending"
        r"|cheap(?:er)?|free|dollars?|bucks|pounds|euros|francs|quid|a head|per (?:user|seat|head)"
        r"|discount|invoices?|bill|finance|cfo|procurement|quotes?|money|roi|business case|numbers?"
        r"|list price|fees?"
    ),
    "price is too high": _said(
        r"(?:thats|its|is|it is|sounds?|seems?|looks?) (?:a (?:lot|big|huge|hefty)|an awful lot"
        r"|quite|steep|more than|double|twice|too)|(?:big|huge) (?:jump|number|step|leap)"
        r"|not nothing|(?:for|ask\w* for|is|would be|its) double|trebl\w*|tripl\w*"
        r"|twice (?:the|as|what)|over (?:our |my |the )?budget|laughed|sticker"
        r"|more than (?:we|i|what|my|our|nine|the)|too (?:much|expensive|high|pricey|rich|steep)"
        r"|arm and a leg|justify|in the line|line item|see less|same number"
        r"|out of (?:our )?(?:range|reach)|an? \w+(?: \w+)? (?:jump|increase)|pays? for itself"
        r"|what (?:im|we are|were|am i|are we) (?:paying|buying)|a head|come in over|no number"
        r"|number for|print a price|get(?:s)? it (?:through|past)|get through|come in under"
        r"|comes in under|under the|adds? up|serious discount|for half|one number|a different price"
        r"|had a (?:two|three|four|five) in front|the bill (?:did|will|is)"
        r"|your (?:bill|invoice|number)|no budget"
        r"|for (?:fifty|a hundred|twenty) (?:bucks|dollars|quid)"
    ),
    "season": _said(
        r"freezes?|frozen|season|quarter|next (?:year|quarter|month)|this year|deadline|until|till"
        r"|peak|year[- ]end|budget cycle|right (?:now|time)|bandwidth|heads down|backlog|road ?map"
        r"|priorit\w+|too (?:early|soon)|fundrais\w+|january|february|march|april|june|july|august"
        r"|september|october|november|december|christmas|new year|spring|summer|autumn|fall|winter"
        r"|end of (?:the )?(?:quarter|year|month)"
    ),
    "not now": _said(
        r"nothing (?:new|gets|goes|moves|changes|ships)|nobody (?:deploys|touches)"
        r"|(?:in|a|we) freeze|(?:cant|dont|not) touch\w*|no changes|heads down"
        r"|no (?:time|bandwidth|capacity|appetite|room|headcount)"
        r"|not (?:this (?:year|quarter|month)|until|till|before|now|the right time)"
        r"|(?:wont|not) be (?:this|until|before)|when its ready|(?:should|could) we wait"
        r"|after (?:the )?(?:close|peak|christmas|new year|holidays)|before (?:peak|that|the)"
        r"|next (?:year|quarter)|not urgent|call me (?:again|back)|nobodys waiting|other priorities"
        r"|reorgani[sz]ation|in spring|not (?:a )?priority|get back to you|happening till"
        r"|done by then|nobody owns"
    ),
    "someone above": _said(
        r"legal|security|finance|procurement|compliance|auditors?|regulators?|board|director|boss"
        r"|manager|cfo|cto|ciso|cio|ceo|vp|leadership|management|committee|upstairs|delegate|owner"
        r"|lawyers?|works council|stakeholders?|sign off|signs?|sign it|approv\w*|decid\w*|decision"
    ),
    "not mine to decide": _said(
        r"(?:isnt|not|aint|is not) (?:mine|my (?:call|decision|budget|money|choice))"
        r"|goes? (?:through|to) (?!the)\w+|says? yes|last word|has opinions|(?:not|isnt) the one"
        r"|(?:only )?(?:recommend|a recommendation)|above (?:me|my)"
        r"|(?:dont|doesnt|cant|cannot|wont) sign|sign off|without a meeting"
        r"|have to (?:convince|explain|ask|sell|justify|defend|get .{0,20}(?:past|through))"
        r"|(?:get|push|sell|take) (?:it|this|that) (?:past|through|by|upstairs|to)|her delegate"
        r"|asked me|asks? (?:me|us)|others decide|makes that call|holds the budget|decides which"
        r"|has to bless|only here to|can each say|can veto|has the final"
        r"|needs to (?:approve|sign|bless)|isnt up to me|not up to me|above my pay"
    ),
    "others will object": re.compile(
        r"\b(?:legal|security|finance|procurement|compliance|auditors?|regulators?|board|director"
        r"|boss|manager|cfo|cto|ciso|cio|ceo|vp|leadership|management|committee|upstairs|delegate"
        r"|owner|lawyers?|works council|stakeholders?|people|guys|team|engineers|analysts?|friends?"
        r"|colleague|customers?) .{0,40}\b(?:wont|will (?:not|want|ask|say|make|kill|never)|says?"
        r"|said|asks?|asked|wants?|is going|are going|keeps?|told|needs?|refuses?|going to|bann\w*"
        r"|has to|have to)\b"
    ),
    "security": _said(
        r"security|secur\w+|data|phi|pii|credentials?|keys?|cloud|logs|vendors?|sso"
        r"|single sign[- ]on|privacy|encrypt\w*|secrets?|network|vpc|tenant|access|model|ai|internet"
        r"|firewall"
    ),
    "data stays": _said(
        r"(?:leave|leaves|leaving|left) (?:our|the|my|this) (?:\w+ )?(?:network|vpc|account"
        r"|building|walls|country|premises|tenant|perimeter|mill|plant|site)"
        r"|(?:some|any)(?:one|body)(?: else)?s (?:cloud|machines?|servers?)"
        r"|(?:a|your|the) (?:vendors )?cloud|foreign|third part(?:y|ies)|outside (?:our|the|of)"
        r"|public internet|on the internet|sub ?processors?|air[- ]?gap\w*|holding|knows? anything"
        r"|end up (?:in|on)|phone home|leaks?|language model|into a model|our logs|banned everything"
        r"|(?:no|without) (?:internet|outside connection|outside)|on[- ]?prem\w*"
        r"|our own data ?cent\w*|in our own|closed network|passwords live|no new place"
        r"|talks to a cloud|off our"
    ),
    "compliance": _said(
        r"soc ?2?|hipaa|baa|iso|gdpr|pci|tisax|hitrust|fedramp|dora|certif\w*|regulat\w*|audit\w*"
        r"|complian\w*|legal|agreement|contract(?:s|ual)?|data protection|dpo|residency|jurisdiction"
        r"|us only|only the us|years? (?:of )?retention"
    ),
    "lock-in": _said(
        r"lock(?:ed)?|lock[- ]?in|hostage|stuck|get(?:ting)? out|to leave|we leave|supplier"
        r"|three years?|multi[- ]?year|renewals?|renew|in (?:a|\w+|three) years?|proprietary"
        r"|depend\w*"
    ),
    "support": _said(
        r"support|tickets?|who do (?:i|we) call|on[- ]call|response times?|status page|downtime"
        r"|outages?|down|last to know|answered|smiley|called (?:me )?back|escalat\w*|goes? dark"
    ),
    "migration": _said(
        r"migrat\w*|re-?wr\w*|redo|redoing|port(?:ing)?|convert\w*|re-?train\w*|re-?learn\w*|moving"
        r"|switch(?:ing)?|start over|from scratch|effort|programme|rip|contractors?"
        r"|(?:four|six|two|three|five|nine|twelve) months|learn\w* curve"
    ),
    "again": _said(r"again|all over"),
    "future of ours": _said(
        r"acqui\w*|bought|buying|swallow\w*|start-?up|young|switch(?:ed)? off|shut ?down"
        r"|discontinu\w*|sunset|go(?:es)? away|around in|outgrow\w*|outgrown|breaking changes?|beta"
        r"|experimental|dead|one product|distract\w*|starv\w*|merg\w*|been bought|pivot\w*"
        r"|account manager|will die|own two|bet on|one will|stop(?:s)? (?:developing|supporting)"
        r"|where(?:s| is) this going|minor (?:bump|version)"
    ),
    "size": _said(
        r"scale\w*|thousands?|million|hundred|volumes?|bursts?|(?:fall|falls|fell|falling) over"
        r"|keep up|rate limits?|bottleneck|latency|throughput|at (?:our|this) (?:size|volume|scale)"
    ),
    "falls short": _said(
        r"doesnt (?:do|have|support|handle|work|help|tell|cut|know)|dont (?:have|support)"
        r"|cant (?:see|tell|open|do)|missing|lacks?|gap|(?:not|isnt|arent) enough|no good|worse"
        r"|a zero|too (?:long|short|slow|little|few|much|small|late|big)|(?:a )?(?:long|awful) time"
        r"|no use|useless|blind|not good|isnt (?:any )?good|weak"
        r"|(?:only|just) (?:seven|thirty|fourteen|a|one|two|three) |better (?:lineage|than|at|ui)"
        r"|stronger|nicer|prefer|gives? us|fewer|far less|havent got|isnt on your"
        r"|somebody would have to|not on the list"
        r"|we (?:write|need) .{0,20}(?:java|go|scala|rust|sql|r models|spark)"
        r"|(?:java|scala|rust|jvm|spark)\b|python only|not python|write python|learn python"
        r"|started over|starts over|doesnt fit|never\b.{0,15}\bdid"
    ),
    "burned before": _said(
        r"last (?:time|job|place|company|vendor|supplier|year)|old (?:place|job|company)"
        r"|burn(?:ed|t)|bitten|hurt|been there|(?:ive|weve|i have|we have) (?:seen|had|heard|been)"
        r"|painful|nightmare|bad experience|promised|told (?:us|me)|sales (?:guy|rep|person)"
        r"|(?:took|cost) (?:us|me|it)|it took|never again|in my experience|used prefect|stop picking"
        r"|(?:broke|broken|died|dies|dying|crawled|crashed|fell over|falling over|gave up|lost"
        r"|hurt) (?:on )?(?:us|everything|when|at|in|out|between)|kept \w+ing|in the trial"
        r"|tried (?:it|prefect|you|that)|four twenty nines|429|gave up|in my world|takes? out"
        r"|in this trade|old version|looked at prefect"
    ),
    "plainly spoken": _said(
        r"honestly|to be honest|frankly|if im honest|im honest|ill be honest|be honest|with respect"
        r"|thing is|heres the thing|devils advocate|realistically|candidly|push back"
        r"|tell you honestly|i tell you|i mean"
    ),
    "but": re.compile(r"(?:^|[,.;] )(?:but|however|although|though|except|only)\b"),
    "because or if": re.compile(r"^(?:and |so |but )?(?:because|if|then|which means|so)\b"),
    "if, then no": re.compile(
        r"\bif\b.{3,90}\b(?:then|cant|cannot|wont|no\b|not|stop|stuck|who|nobody|how|fails?|down|dies)\b"
    ),
    "would rather": re.compile(
        r"\b(?:id|wed|i would|we would) (?:rather|prefer|hate|need|have to|be (?:laughed|crazy|mad"
        r"|worried))\b"
    ),
    "first person": _said(r"i|im|ive|id|ill|we|weve|wed|were|my|our|us|me"),
    "speaks of us": _said(r"you|your|youre|youve|yours|prefect|this|cloud"),
    "you": _said(r"you|your|youre|youve|yours|youd|youll"),
    "negation": _said(
        r"not|no|none|never|nothing|nobody|cant|cannot|dont|wont|isnt|doesnt|without|nor|neither"
        r"|didnt|arent|havent|couldnt|wouldnt|shouldnt"
    ),
    "two negations": re.compile(
        r"\b(?:not|no|none|never|nothing|nobody|cant|cannot|dont|wont|isnt|doesnt"
        r"|without)\b.*\b(?:not|no|none|never|nothing|nobody|cant|cannot|dont|wont|isnt|doesnt"
        r"|without)\b"
    ),
    "question": re.compile(r"\?"),
    "neutral question": re.compile(
        r"^(?:and |so |but |okay |ok |um |uh |well )*(?:what|how|where|when|which|who|is|are|do"
        r"|does|did|can|could|would|will|has|have|whats|wheres|hows)\b.*\?$"
    ),
    "reassures": _said(
        r"i can live with|not (?:hostile|difficult|mad|against|shopping|personal|a killer)"
        r"|no objection|dont (?:hate|really care|mind)|comfortable with|pretty sold|good|great|fine"
        r"|nice|thanks|thank you|fair|okay|i like|agree|helps|helpful|happy|love|useful|calm"
        r"|appreciate|sounds|interesting|handy|sensible|relief|perfect|lovely"
    ),
    "advises or asks us": _said(
        r"(?:id|i would) (?:lead|like you|start|go with|put|send|open|ask|skip)"
        r"|send (?:me|us|it|that|over)|can you (?:send|show|share|put)|show (?:me|us)"
        r"|put (?:it|that|me)|email|write it|tell (?:me|us)"
    ),
    "keeps something back": re.compile(
        r"\b(?:im|i am|were|we are) not (?:giving|telling|saying|sharing|naming)\b"
    ),
    "parts": re.compile(r"^\W*(?:bye|goodbye|see you|cheers|take care|talk soon)\b"),
    "introduces": _said(
        r"(?:i|he|she) (?:run|runs|lead|leads|manage|manages|own|owns|head|heads|hold|holds)"
        r" (?:the|our|all|a) (?:\w+ ){0,2}?(?:team|platform|department|group|side|budget|purse|warehouse"
        r"|infrastructure|engineers|analysts|people)"
        r"|\w+ (?:runs|leads|manages|owns|heads) (?:the|our|all) (?:\w+ ){0,2}?(?:team|platform|department"
        r"|group|side|infrastructure|engineers|analysts)"
        r"|(?:i look|(?:he|she|\w+) looks) after|(?:im|i am|hes|shes) (?:the|our|an?|in) (?:\w+ ){0,2}?"
        r"(?:head|lead|director|vp|cto|cfo|cio|ciso|ceo|manager|engineer|analyst|architect|scientist|buyer"
        r"|one who|procurement|finance|legal|charge)|responsible for|my (?:name|role|job|title) is"
        r"|nice to meet|reports to|with me (?:is|today)|joining (?:us|in)"
        r"|(?:im|ive been) here (?:as|to|since)|(?:so|some|quick|little|of|the)\W{1,3}background"
    ),
    "a pain of today": _said(
        r"(?:we|i|somebody|someone|they|nobody|everybody|everyone|people) (?:just |then |always |still"
        r" |usually )?(?:reruns?|restarts?|start (?:it|everything) again|notic\w+|finds? out|saw|knew"
        r"|wakes? up|gets? (?:up|paged|called))|by hand|manually|spreadsheets?"
        r"|(?:jobs?|loads?|runs?|pipelines?|scripts?|dags?|flows?|reports?|imports?|exports?|models?|servers?"
        r"|machine|vm|box|pod|it) (?:just |sometimes |often |silently )?(?:fail(?:s|ed|ing)?|dies|died|dying"
        r"|hangs?|hung|breaks?|broke|crash(?:es|ed)?|stopped|disappears?|is gone|goes? down|went down"
        r"|falls? over|ran out|runs? out|gets? killed|got killed)"
    ),
    "looked at others": _said(
        r"(?:we|i|they) (?:also |even |once |already )?(?:looked at|tried|tested|evaluated|piloted"
        r"|(?:had|took) a look at) (?!you|it\b|this|that|prefect)"
    ),
    "agrees": re.compile(
        r"^\W*(?:(?:no|yes|yeah|yep|okay|ok|right|sure|well|oh|hm+|good|great|fair|and|so|then)\W+)*"
        r"(?:agreed|thats (?:fine|good|right|great|helpful|fair|perfect|clear|useful|it|nice|true)"
        r"|makes sense|that makes sense|i like|fair enough|that (?:helps|works|would help|covers)|i see"
        r"|good to know|exactly|sounds good|perfect|great|thanks|thank you|understood|got it|happy with)\b"
    ),
    "their own setup": _said(
        r"we (?:have|use|run|do|had|built|used)|weve got"
        r"|our (?:\w+ )?(?:jobs?|pipelines?|team|scripts?|models?|reports?|dags?|flows?|cluster"
        r"|server|stack)|every (?:night|morning|day|week|month)|at night|its (?:on|in|a|about)"
        r"|there(?:s| is| are)"
    ),
    "tells a story": re.compile(
        r"\b(?:was|were|had|did|went|said|came|ran|broke|failed|got|took|found|called|died"
        r"|happened)\b.*\b(?:was|were|had|did|went|said|came|ran|broke|failed|got|took|found|called"
        r"|died|happened)\b"
    ),
    "asks to meet": _said(
        r"meeting|calendar|thursday|tuesday|monday|wednesday|friday|next week|minutes|another call"
        r"|screen|slides?|hear me|coffee|lunch|weekend"
    ),
    "understood": re.compile(
        r"^\W*(?:okay|ok|right|sure|yes|yeah|yep|no|mhm|mm|hm|got it|understood|fine|good|great|so"
        r"|and|alright)\b"
    ),
}
STRONG = (
    "worries",
    "has a problem",
    "refuses",
    "draws a line",
    "doubts",
    "price is too high",
    "not now",
    "burned before",
    "challenges",
    "falls short",
    "not mine to decide",
    "others will object",
    "content with today",
    "rule",
    "data stays",
)
"""Those that hardly anybody shows who does not push back."""
FIRM = frozenset(STRONG) - {"burned before", "rule"}
"""Those that somebody does not show who only tells of themselves."""
LOCAL = frozenset(
    {"question", "neutral question", "parts", "understood", "agrees", "first person", "because or if"}
)
"""Those that say nothing about the sentence beside the one they stand in."""

ASKED_OF_THEM = re.compile(
    r"\b(?:what|how|who|where|when|which|why|tell (?:me|us)|walk (?:me|us)|talk (?:me|us)|describe)\b"
    r"[^?]*\b(?:you|your|yours|youre|youve|yall|today|there|that happened)\b[^?]*\?\W*\Z"
    r"|\b(?:tell|walk|talk) (?:me|us)\b[^?.]*[?.]\W*\Z"
)
"""What ends in asking somebody about themselves."""
ASKED_FOR_WORRIES = re.compile(
    r"\b(?:concern\w*|worr\w+|hesita\w+|hold\w* (?:you|this|it|us) (?:back|up)|thoughts|stop\w* you|think"
    r"|feel|objection\w*|sounds?|looks? to you|in the way|missing|not (?:sure|sold|convinced)|land"
    r"|reservations?|pushback|blocker\w*|scares?|bothers?|against)\b[^?]*\?\W*\Z"
)
"""What ends in asking for doubts, or what somebody thinks of it."""
TAKEN_UP = _said(
    r"i hear|i get (?:it|that)|fair|totally|understood|thats (?:fair|a fair|totally|the right|real|a good)"
    r"|makes sense|i (?:completely |totally )?understand|really (?:common|glad)|sure[.,] sure"
    r"|no,? (?:its|thats)|good point|i appreciate|honest|of course|no, understood",
    before=r"\A\W*(?:(?:um|yeah|yes|no|okay|so|right|sure|well)\W+)*",
)
"""How a reply begins that takes something as an objection."""
YIELDS = _said(
    r"fair|youre right|i understand|i hear|understood|true|honest\w*|no argument|rather|i get|totally"
    r"|good (?:question|point)|absolutely|worr(?:y|ied)|sorry|course|makes sense|common|concern"
)
