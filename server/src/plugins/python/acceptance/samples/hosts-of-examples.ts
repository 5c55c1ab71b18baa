/** The services that the plugins of `examples/plugins` ask, in the form of their public documentation; the figures are invented. */
import type { FakeHost } from './sample-internet.ts'

const PLACES = {
  臺北: { name: '臺北市', country: '臺灣', latitude: 25.05, longitude: 121.53 },
}

const geocoding: FakeHost = ({ query }) => {
  const place = Object.entries(PLACES).find(([name]) => name === query.get('name'))?.[1]
  return { body: place === undefined ? { generationtime_ms: 0.3 } : { results: [place] } }
}

const FORECAST = {
  time: ['2026-11-25', '2026-11-26', '2026-11-27'],
  weather_code: [2, 61, 95],
  temperature_2m_max: [25.1, 22.4, 20],
  temperature_2m_min: [19.3, 18, 16.5],
  precipitation_probability_max: [10, 65, 90],
}

const forecast: FakeHost = ({ path, query }) => {
  if (path !== '/v1/forecast' || query.get('latitude') !== '25.05')
    return { status: 400, body: { error: true, reason: 'Latitude must be in range.' } }
  const days = Number(query.get('forecast_days'))
  const daily = Object.entries(FORECAST).map(([name, list]) => [name, list.slice(0, days)])
  return {
    body: {
      timezone: 'Asia/Taipei',
      current: {
        temperature_2m: 23.4,
        relative_humidity_2m: 78,
        weather_code: 3,
        wind_speed_10m: 12.6,
      },
      daily: Object.fromEntries(daily) as unknown,
    },
  }
}

const rates: FakeHost = ({ path }) =>
  path === '/v6/latest/USD'
    ? {
        body: {
          result: 'success',
          base_code: 'USD',
          time_last_update_utc: 'Wed, 25 Nov 2026 00:02:31 +0000',
          rates: { USD: 1, TWD: 32.2, JPY: 151.25, EUR: 0.9225 },
        },
      }
    : { status: 404, body: { result: 'error', 'error-type': 'unsupported-code' } }

const STOCKS: Record<string, object> = {
  'tse_2330.tw': { c: '2330', n: '台積電', z: '1505.0000', y: '1480.0000', v: '28431' },
  'otc_6488.tw': { c: '6488', n: '環球晶', z: '-', y: '402.5000', v: '0' },
}

/** Several channels at once, and only those that there are come back. */
const stocks: FakeHost = ({ query }) => ({
  body: {
    msgArray: (query.get('ex_ch') ?? '').split('|').flatMap((channel) => STOCKS[channel] ?? []),
    rtcode: '0000',
  },
})

const event = (magnitude: number, time: string, place: string, metres: number) => `
  <event publicID="quakeml:example/${time}">
    <description><type>earthquake name</type><text>${place}</text></description>
    <origin publicID="quakeml:origin/${time}">
      <time><value>${time}</value></time>
      <depth><value>${metres}</value><uncertainty>1800</uncertainty></depth>
    </origin>
    <magnitude publicID="quakeml:mag/${time}"><mag><value>${magnitude}</value></mag></magnitude>
  </event>`

const earthquakes: FakeHost = ({ query }) => {
  const events = [
    { mag: 6.43, xml: event(6.43, '2026-11-21T03:14:22.310Z', '52 km SSE of Hualien', 21_700) },
    { mag: 5.1, xml: event(5.1, '2026-11-19T17:40:05.100Z', 'Banda Sea &amp; Tanimbar', 131_250) },
  ]
  const least = Number(query.get('minmagnitude'))
  return {
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>
<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">
 <eventParameters publicID="quakeml:query">${events
   .filter(({ mag }) => mag >= least)
   .map(({ xml }) => xml)
   .join('')}</eventParameters></q:quakeml>`,
  }
}

const airQuality: FakeHost = ({ query }) => {
  if (query.get('api_key') !== 'air-key-1') return { status: 403, body: 'api_key 錯誤' }
  const site = (sitename: string, county: string, aqi: string, status: string, pm: string) => ({
    sitename,
    county,
    aqi,
    status,
    'pm2.5': pm,
    publishtime: '2026/11/25 11:00:00',
  })
  return {
    body: {
      total: '4',
      records: [
        site('中山', '臺北市', '42', '良好', '11'),
        site('萬華', '臺北市', '67', '普通', '21'),
        site('陽明', '臺北市', '', '設備維護', ''),
        site('左營', '高雄市', '104', '對敏感族群不健康', '38'),
      ],
    },
  }
}

const companies: FakeHost = ({ query }) =>
  query.get('$filter') === 'Business_Accounting_NO eq 04595257'
    ? {
        body: [
          {
            Business_Accounting_NO: '04595257',
            Company_Status_Desc: '核准設立',
            Company_Name: '好厝資訊股份有限公司',
            Capital_Stock_Amount: 25_000_000,
            Responsible_Name: '林小明',
            Company_Location: '臺北市大同區迪化街一段1號',
            Company_Setup_Date: '0980305',
          },
        ],
      }
    : { body: '' }

const books: FakeHost = ({ query }) => {
  const docs = [
    {
      key: '/works/OL59800W',
      title: 'A Wizard of Earthsea',
      author_name: ['Ursula K. Le Guin'],
      first_publish_year: 1968,
      edition_count: 93,
    },
    { key: '/works/OL2W', title: 'Earthsea: a map', edition_count: 1 },
  ]
  return query.get('q') === 'earthsea'
    ? { body: { numFound: 1204, docs: docs.slice(0, Number(query.get('limit'))) } }
    : { status: 422, body: { error: 'query too short' } }
}

export const EXAMPLE_HOSTS: Record<string, FakeHost> = {
  'geocoding-api.open-meteo.com': geocoding,
  'api.open-meteo.com': forecast,
  'open.er-api.com': rates,
  'mis.twse.com.tw': stocks,
  'earthquake.usgs.gov': earthquakes,
  'data.moenv.gov.tw': airQuality,
  'data.gcis.nat.gov.tw': companies,
  'openlibrary.org': books,
}
