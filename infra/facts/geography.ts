/**
 * The places that Route 53 geolocation and Cloudflare steering know. Taken in November 2026 from the Route 53 documentation of
 * GeoLocation (continents), ISO 3166-1 (countries) and Cloudflare’s list of load balancing regions.
 */
export const GEOGRAPHY_TAKEN = {
  date: '2026-11',
  source: 'Route 53 GeoLocation; ISO 3166-1; Cloudflare load balancing region codes',
} as const;

/** Route 53’s continents. Antarctica is one of them. */
export const CONTINENTS: Readonly<Record<string, string>> = {
  AF: 'Africa',
  AN: 'Antarctica',
  AS: 'Asia',
  EU: 'Europe',
  NA: 'North America',
  OC: 'Oceania',
  SA: 'South America',
};

/** Cloudflare’s 13 regions, each with the continent whose clients it holds. */
export const CLOUDFLARE_REGIONS: Readonly<Record<string, { readonly name: string; readonly continent: string }>> = {
  WNAM: { name: 'Western North America', continent: 'NA' },
  ENAM: { name: 'Eastern North America', continent: 'NA' },
  WEU: { name: 'Western Europe', continent: 'EU' },
  EEU: { name: 'Eastern Europe', continent: 'EU' },
  NSAM: { name: 'Northern South America', continent: 'SA' },
  SSAM: { name: 'Southern South America', continent: 'SA' },
  OC: { name: 'Oceania', continent: 'OC' },
  ME: { name: 'Middle East', continent: 'AS' },
  NAF: { name: 'Northern Africa', continent: 'AF' },
  SAF: { name: 'Southern Africa', continent: 'AF' },
  SAS: { name: 'Southern Asia', continent: 'AS' },
  SEAS: { name: 'South East Asia', continent: 'AS' },
  NEAS: { name: 'North East Asia', continent: 'AS' },
};

/** Officially assigned ISO 3166-1 alpha-2 codes by the continent under which Route 53 lists them. */
const COUNTRIES_BY_CONTINENT: Readonly<Record<string, string>> = {
  AF: 'AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW',
  AN: 'AQ BV GS HM TF',
  AS: 'AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE',
  EU: 'AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA',
  NA: 'AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US VC VG VI',
  OC: 'AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS',
  SA: 'AR BO BR CL CO EC FK GF GY PE PY SR UY VE',
};

/** Country code to continent code. */
export const COUNTRIES: ReadonlyMap<string, string> = new Map(
  Object.entries(COUNTRIES_BY_CONTINENT).flatMap(([continent, codes]) => codes.split(' ').map((country) => [country, continent])),
);
