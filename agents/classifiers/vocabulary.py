"""The words by which English is told from other languages: common ones, and those of a shop's and a desk's mail."""

from agents.classifiers.lexicons import WORDS
from audit.redaction.folding import fold

_COMMON = """
a an the and or but nor so yet if then else than as at by for from in into of off on onto out over to up down with
within without about above across after again against all almost along already also although always am among amount
any anybody anymore anyone anything anyway anywhere are area around ask away back bad be became because become been
before began begin behind being believe below best better between big bit both bring brought business busy buy call
came can car care case cause certain chance change check child choice choose clear close come common complete consider
could couple course current cut day deal decide decision deep detail did different difficult do does doing done door
double doubt during each early easy eat effect either end enough enter entire even evening event ever every everybody
everyone everything everywhere exact example except expect explain extra eye face fact fair fall family far fast
father feel felt few field figure file fill final find fine finish first fix follow food foot force forget forgot form
forward found four free friday friend full fun further future game gave general get getting girl give given glad go
goes going gone good got great group grow guess guy had half hand happen happy hard has have having he head hear heard
heart heavy held hello help her here hers herself hey hi high him himself his hold home hope hot hour house how
however huge human hundred husband i idea if image imagine important indeed information inside instead interest is
issue it its itself january february march april may june july august september october november december job join
just keep kept key kid kind knew know known large last late later law lead learn least leave led left less let letter
level life light like likely line link list listen little live local long longer look lose loss lost lot love low
lucky luck made main make man manage many map mark matter maybe me mean means meant meet member men mention message
met method middle might mile mind mine minute miss mistake mom monday money month more morning most mother move mr mrs
ms much music must my myself name near need neither never new news next nice night nine no nobody none noon normal
north not note nothing notice now nowhere number occur odd of offer office often oh ok okay old on once one only open
opinion option or other others otherwise ought our ours ourselves outside own page paid pair paper part party pass
past patient pay people per perfect perhaps person phone photo pick picture piece place plan play please plenty point
poor possible post power practice prefer prepare present press pretty price probably problem process product proof
proper provide public pull purpose push put quality quarter question quick quiet quite ran rate rather reach read
ready real really reason receive recent record red reduce refer regard regular relate remain remember remove repeat
reply request require respect respond rest result right road room round rule run sad safe said same sat saturday save
saw say says school sea second see seem seen sell send sense sent separate serious set seven several shall she short
should show side sign simple since single sir sister sit situation six size sleep slow small so soft sold some
somebody someone something sometimes somewhere son soon sorry sort sound south space speak special spend spent spoke
stand standard start state stay step still stop store story straight street strong stuff style subject such sudden
suggest summer sun sunday super support sure surprise system table take taken talk tall team tell ten term test text
thank thanks that the their theirs them themselves then there therefore these they thing think third this those though
thought thousand three through throughout thursday till time times tiny tired title to today together told tomorrow
tonight too took top total touch toward town track treat tried trouble true trust truth try tuesday turn twelve twenty
twice two type under understand understood unless until up upon us use used useful useless user usual value various
very via view visit voice wait walk wall want was wash watch water way we wear wednesday week weekend weight welcome
well went were west what whatever when whenever where wherever whether which while white who whoever whole whom whose
why wide wife will win window winter wish with woman women wonder wont word work world worry worse worst worth would
write wrong wrote yeah year years yes yesterday yet you young your yours yourself zero aim alone apart body born boy
break broke broken brother build built burn cannot catch caught cold cool count country cover cross cry daily dark
date dead dear death depend die dinner direct dog draw dream dress drink drive drop dry earth else empty english
evidence fear feed feet fight fire fit flat floor fly forever friendly front garden gift glass gold ground guest hair
hall hang hate health heat hell height hit hole hurt ill inform injured invite kill kitchen lady laugh lay lie limit
lunch machine mail match material measure medical meeting metal miserable model moment motor mouth nature neck
neighbour neighbor nose ocean order organise organize pain paint parent park peace period plant plastic plate police
position pray pressure prevent promise protect proud prove raise rain raw realise realize region rent report return
rich ride rise risk role rose rough row rush sale school science score screen search seat secret seek sell serve seven
shape share sharp shine shirt shock shoe shoot shop shoulder shout shut sick silly silver sing skin sky smart smell
smile smoke smooth social soul speed spell spring square stage stair star steal steel stick stole stolen stone storm
strange stress stuck study stupid succeed success suffer suit swear sweet swim tail taste tax teach tear temperature
terrible thick thin threaten throw thrown tie tight tool tooth torn tough tour toy trade train travel tree trip truck
uncle unit useless vacation various village waste weak wheel wild wind wine wing wire wise wood yellow zone
"""

_DESK = """
accept access account acknowledge action actual actually add addition address adjust advance advice advise afford
agent ago agree allow alternative annoy answer apart apologise apologize apology apparently app appear apply
appointment appreciate approve arrange arrangement arrive attach attachment attempt attention automatic available
average avoid awaiting aware awesome awful bag balance bank bar basic basket battery beautiful behaviour bill billing
birthday black blender block blue book boot bottle bought box boyfriend girlfriend branch brand breakdown bug bus
button cable cancel cancellation card careful carrier cart cash catalogue category cell cent centre center chair
charge charger chat cheap checkout christmas circumstances city claim clean click client clothes coat code coffee
collect colour color comfortable comment company compare compensate compensation complain complaint computer concern
condition confirm confirmation confuse connect contact contain content continue contract convenient conversation copy
corner correct cost coupon courier credit crack crash cream cross customer customs damage data deadline debit december
decline defect defective definitely delay delete deliver delivery demand department deposit describe description desk
despite details device difference digital dirty disappoint disappointment disconnect discount discuss dispatch display
dollar dollars download draft driver due duplicate edge edit electric email e-mail employee enable enclose encounter
engineer enjoy enquiry enquire error escalate especially estimate euro euros exchange excellent excited excuse exist
expectation expense expensive experience expire expiry explanation express extend extremely fabric fail failure fake
fantastic fault faulty feature fee feedback felt filter flight fold follow-up form formal fragile frame friendly
frustrate frustration function fund funds fyi gap generous gift glad gone grant grateful guarantee guide guidance
handle handling hat headphones heater helpful hesitate hidden highly holiday honest honestly hotel however https http
hurry ignore immediate immediately important impossible improve inch include incorrect inconvenience increase
incredible indicate individual initial inquiry insist inspect install instalment installment instruction instructions
insurance intend internal internet invalid investigate investigation invoice item jacket joke kettle keyboard kindly
knife label laptop lamp leak lamps lately latest laundry leather legal lens letters limited link load loan locate
location lock log login logged logout loyal loyalty lovely machine mailbox maintain major manager manual manufacturer
marketing maximum mattress measure mess minimum missing misunderstanding mobile model module monitor monthly mug
nearest necessary needless network nevertheless newsletter non notification notify obvious obviously offline online
opportunity ordered ordering original outage overdue overcharge owe owner package packaging packet parcel particular
partial partner password patience payment paypal penalty pending perfectly permanent permission personal personally
phones phrase plain platform pleasant pleased pleasure plug plus pocket policy polite portal postage postal postcode
pound pounds practical precise preference premium previous prime print printer prior priority privacy private proceed
processing professional profile progress properly property protection provider purchase quantity quote rated reaction
reads reasonable receipt receiver recipient recommend reconsider recover redeliver redirect reference refund refuse
register registration regret reject related release relevant reliable remind reminder removal renew renewal repair
replace replacement representative reputation resend reserve reset resolution resolve response responsible restart
restock restore retail retailer retry returned reverse review reward rude ruin sample satisfied satisfaction scale
scam scan schedule scheduled scratch scratched seal section secure security select seller sender sensitive series
server service session setting settings shelf ship shipment shipping shipped shirt shoes shortly sincerely site sized
skip slight slightly software solution solve solved somehow spare specific specify staff status stock storage store
stores stuff subscribe subscription sufficient suitable supervisor supplier supply surely suspect suspend sweater swap
switch tablet tag tape technical technician telephone temporary terms terribly ticket timely toaster tracking tracked
transaction transfer transit transport treatment trial trick truly tv unable unacceptable unauthorised unauthorized
unavailable unboxing undelivered unexpected unfair unfortunately unhappy unhelpful uninstall unknown unlock unpaid
unpleasant unreasonable unsubscribe unused update upgrade upload urgent urgently usually vacuum valid vat van vary
vendor verify version video virus voucher wallet warehouse warn warning warranty website weird wholesale wifi wireless
wonderful worker working worries wrap wrapped yearly zip kilo kg cm mm lb lbs gb usb app apps pm am usd eur gbp id ids
etc pls plz thx asap btw imo lol omg wtf ur u r im ive dont cant didnt doesnt isnt wasnt wont youre theyre thats whats
sb faq sms pin cvv qr led hdmi pc mac ios android ms mr hr ceo vip
"""

KNOWN = frozenset((*_COMMON.split(), *_DESK.split(), *WORDS))

#: Words of other languages that English doesn't have: they count against a text's being English.
_FOREIGN = """
que el la los las unos unas del por para pero muy como cuando donde esta este esto estoy quiero mi mis su sus nada
gusta pedido dinero gracias hola favor tengo hace ayer porque necesito una uno ya voy es con sin le les des du et est
une vous nous je tu il elle mon ma mes votre notre avec pas ne ce cette dans sur qui bonjour merci commande
remboursement veux suis pour der das und ich nicht ist mein meine ein eine einen sie wir ihr mit auf zu von dem den
auch noch aber oder wenn bitte danke wo warte seit geld zurück bestellung haben habe wird kann für che non di il lo
gli sono mio mia voglio con per grazie ordine soldi questo questa ho avete não um uma meu minha você isso estou
obrigado quero ainda recebi o het een niet ik mijn van voor met maar ook wel geen bestelling nie jest mam moje proszę
się na och jag är inte min och det som på
"""
FOREIGN = frozenset(fold(_FOREIGN).text.split()) - KNOWN
