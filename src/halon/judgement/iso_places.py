"""The places that facts and rules count people by: countries of ISO 3166-1, and their parts by ISO 3166-2.

A code that is none would count people in a place for which no rule exists, and so rule duties out in silence.
"""

from __future__ import annotations

import difflib
import re

_COUNTRIES = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania; AM Armenia;
AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX Aland Islands;
AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria;
BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthelemy; BM Bermuda; BN Brunei; BO Bolivia; BQ Bonaire; BR Brazil;
BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos Islands; CD DR Congo;
CF Central African Republic; CG Congo; CH Switzerland; CI Ivory Coast; CK Cook Islands; CL Chile; CM Cameroon; CN China;
CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curacao; CX Christmas Island; CY Cyprus; CZ Czechia; DE Germany;
DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia; EG Egypt;
EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ Fiji; FK Falkland Islands; FM Micronesia;
FO Faroe Islands; FR France; GA Gabon; GB United Kingdom; GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana;
GI Gibraltar; GL Greenland; GM Gambia; GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia;
GT Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard Island; HN Honduras; HR Croatia; HT Haiti;
HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; IQ Iraq;
IR Iran; IS Iceland; IT Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia;
KI Kiribati; KM Comoros; KN Saint Kitts and Nevis; KP North Korea; KR South Korea; KW Kuwait; KY Cayman Islands;
KZ Kazakhstan; LA Laos; LB Lebanon; LC Saint Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania;
LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF Saint Martin; MG Madagascar;
MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia; MO Macao; MP Northern Mariana Islands;
MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV Maldives; MW Malawi; MX Mexico; MY Malaysia;
MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands;
NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia;
PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland; PM Saint Pierre and Miquelon; PN Pitcairn; PR Puerto Rico;
PS Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Reunion; RO Romania; RS Serbia; RU Russia; RW Rwanda;
SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore; SH Saint Helena; SI Slovenia;
SJ Svalbard; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal; SO Somalia; SR Suriname; SS South Sudan;
ST Sao Tome and Principe; SV El Salvador; SX Sint Maarten; SY Syria; SZ Eswatini; TC Turks and Caicos Islands; TD Chad;
TF French Southern Territories; TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL Timor-Leste; TM Turkmenistan;
TN Tunisia; TO Tonga; TR Turkey; TT Trinidad and Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda;
UM US Minor Outlying Islands; US United States; UY Uruguay; UZ Uzbekistan; VA Vatican City;
VC Saint Vincent and the Grenadines; VE Venezuela; VG British Virgin Islands; VI US Virgin Islands; VN Vietnam;
VU Vanuatu; WF Wallis and Futuna; WS Samoa; XK Kosovo; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""
"""XK is no code of ISO 3166-1, and the one that everybody uses."""
_PARTS = {
    "US": """
AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware; FL Florida;
GA Georgia; HI Hawaii; ID Idaho; IL Illinois; IN Indiana; IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine;
MD Maryland; MA Massachusetts; MI Michigan; MN Minnesota; MS Mississippi; MO Missouri; MT Montana; NE Nebraska; NV Nevada;
NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York; NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma;
OR Oregon; PA Pennsylvania; RI Rhode Island; SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah;
VT Vermont; VA Virginia; WA Washington; WV West Virginia; WI Wisconsin; WY Wyoming; DC District of Columbia;
AS American Samoa; GU Guam; MP Northern Mariana Islands; PR Puerto Rico; UM US Minor Outlying Islands; VI US Virgin Islands
""",
    "CA": """
AB Alberta; BC British Columbia; MB Manitoba; NB New Brunswick; NL Newfoundland and Labrador; NS Nova Scotia;
NT Northwest Territories; NU Nunavut; ON Ontario; PE Prince Edward Island; QC Quebec; SK Saskatchewan; YT Yukon
""",
    "AU": """
ACT Australian Capital Territory; NSW New South Wales; NT Northern Territory; QLD Queensland; SA South Australia;
TAS Tasmania; VIC Victoria; WA Western Australia
""",
    "DE": """
BB Brandenburg; BE Berlin; BW Baden-Wuerttemberg; BY Bavaria; HB Bremen; HE Hesse; HH Hamburg; MV Mecklenburg-Vorpommern;
NI Lower Saxony; NW North Rhine-Westphalia; RP Rhineland-Palatinate; SH Schleswig-Holstein; SL Saarland; SN Saxony;
ST Saxony-Anhalt; TH Thuringia
""",
}
"""The parts of the countries whose parts are known by name; of any other, one to three letters or digits will do."""
_SAID = {
    "UK": "GB", "ENGLAND": "GB", "SCOTLAND": "GB", "WALES": "GB", "GREAT BRITAIN": "GB", "GBR": "GB", "EL": "GR",
    "USA": "US", "U.S.": "US", "AMERICA": "US", "DEU": "DE", "DEUTSCHLAND": "DE", "FRA": "FR", "ESP": "ES", "ITA": "IT",
    "AUT": "AT", "CHE": "CH", "JPN": "JP", "CHN": "CN", "IND": "IN", "BRA": "BR", "CAN": "CA", "AUS": "AU", "SGP": "SG",
    "KOR": "KR", "KOREA": "KR", "UAE": "AE", "HOLLAND": "NL", "CZECH REPUBLIC": "CZ",
}  # fmt: skip
"""What people write instead, and what is meant."""
_PART = re.compile(r"[A-Z0-9]{1,3}")


def _table(text: str) -> dict[str, str]:
    entries = (one.strip().partition(" ") for one in text.split(";"))
    return {code: name for code, _, name in entries}


COUNTRIES: dict[str, str] = _table(_COUNTRIES)
"""Every country: its two letters, and what it is called."""
PARTS: dict[str, dict[str, str]] = {country: _table(text) for country, text in _PARTS.items()}
"""The parts of a country, where they are known by name."""
_NAMED = {name.upper(): code for code, name in COUNTRIES.items()} | {
    name.upper(): f"{country}-{part}" for country in ("AU", "CA", "DE", "US") for part, name in PARTS[country].items()
    if name.upper() not in {one.upper() for one in COUNTRIES.values()}
}  # fmt: skip


def is_place(code: object) -> bool:
    """Whether ``code`` is a country of ISO 3166-1, such as DE, or a part of one, such as US-CA. Capitals count."""
    if not isinstance(code, str):
        return False
    country, dash, part = code.partition("-")
    if country not in COUNTRIES:
        return False
    if not dash:
        return True
    return part in PARTS[country] if country in PARTS else _PART.fullmatch(part) is not None


def no_place(code: object) -> str:
    """Why ``code`` is no place, with those that may be meant; empty if it is one."""
    if is_place(code):
        return ""
    if not isinstance(code, str):
        return "a place is text, such as DE or US-CA"
    close = meant(code)
    hint = f"did you mean {' or '.join(close)}?" if close else "write a country such as DE, or a part such as US-CA"
    return f"there is no place {code[:40]!r}; {hint}"


def meant(word: str) -> tuple[str, ...]:
    """The places that somebody who wrote ``word`` may have meant, the likeliest first."""
    plain = " ".join(word[:80].upper().replace("_", "-").split())
    country, _, part = plain.replace(" ", "-").partition("-")
    joined = f"{_SAID.get(country, country)}-{part}" if part else plain
    for found in (_SAID.get(plain), plain, joined, *(f"{of}-{plain}" for of in PARTS), _NAMED.get(plain)):
        if found is not None and is_place(found):
            return (found,)
    near = difflib.get_close_matches(plain, list(_NAMED), n=3, cutoff=0.75) if len(plain) > 3 else []
    if near:
        return tuple(_NAMED[one] for one in near)
    parts = PARTS.get(_SAID.get(country, country), {}) if part else {}
    return tuple(f"{_SAID.get(country, country)}-{one}" for one in difflib.get_close_matches(part, list(parts), n=3))
