/** Bodies a good client of the LFDI in client.ts sends, and how to break them. */
import { LFDI } from './client.ts';

const SEP = 'xmlns="urn:ieee:std:2030.5:ns"';
const AUS = 'xmlns:ns2="https://csipaus.org/ns"';
const watts = (name: string, value: number): string => `<${name}><multiplier>0</multiplier><value>${value}</value></${name}>`;

export const MIRROR_MRID = '0F3078CFDDAEE28DC20B950300032473';
export const READING_MRID = '584FFC23E9795A968678AB0300032473';

const readingType =
  '<ReadingType><accumulationBehaviour>12</accumulationBehaviour><commodity>1</commodity><dataQualifier>2</dataQualifier>' +
  '<flowDirection>1</flowDirection><intervalLength>60</intervalLength><kind>37</kind><phase>0</phase>' +
  '<powerOfTenMultiplier>1</powerOfTenMultiplier><uom>38</uom></ReadingType>';

export const endDevice = `<EndDevice ${SEP}><lFDI>${LFDI}</lFDI><sFDI>40773583337</sFDI><changedTime>1800000000</changedTime><enabled>true</enabled></EndDevice>`;

export const connectionPoint = `<ns2:ConnectionPoint ${SEP} ${AUS}><ns2:connectionPointId>41020000010</ns2:connectionPointId></ns2:ConnectionPoint>`;

export const capability =
  `<DERCapability ${SEP} ${AUS}><modesSupported>00100000</modesSupported>${watts('rtgMaxVA', 10000)}${watts('rtgMaxW', 10000)}` +
  '<type>4</type><ns2:doeModesSupported>01</ns2:doeModesSupported></DERCapability>';

export const settings =
  `<DERSettings ${SEP} ${AUS}><modesEnabled>00100000</modesEnabled><setGradW>27</setGradW>${watts('setMaxVA', 10000)}${watts('setMaxW', 10000)}` +
  '<updatedTime>1800000000</updatedTime><ns2:doeModesEnabled>01</ns2:doeModesEnabled></DERSettings>';

export const status =
  `<DERStatus ${SEP}><alarmStatus>00000000</alarmStatus><genConnectStatus><dateTime>1800000000</dateTime><value>07</value></genConnectStatus>` +
  '<operationalModeStatus><dateTime>1800000000</dateTime><value>2</value></operationalModeStatus><readingTime>1800000000</readingTime></DERStatus>';

export const availability = `<DERAvailability ${SEP}><availabilityDuration>60</availabilityDuration><readingTime>1800000000</readingTime>${watts('statWAvail', 4000)}</DERAvailability>`;

export const mirror =
  `<MirrorUsagePoint ${SEP}><mRID>${MIRROR_MRID}</mRID><description>Site</description><roleFlags>0003</roleFlags>` +
  `<serviceCategoryKind>0</serviceCategoryKind><status>1</status><deviceLFDI>${LFDI}</deviceLFDI>` +
  `<MirrorMeterReading><mRID>${READING_MRID}</mRID>${readingType}</MirrorMeterReading></MirrorUsagePoint>`;

const meter = (inner: string): string => `<mRID>${READING_MRID}</mRID><lastUpdateTime>1800000060</lastUpdateTime>${inner}`;
const reading = (value: number, start: number): string =>
  `<Reading><qualityFlags>0001</qualityFlags><timePeriod><duration>60</duration><start>${start}</start></timePeriod><value>${value}</value></Reading>`;

export const meterReading = `<MirrorMeterReading ${SEP}>${meter(reading(-421, 1_800_000_000))}</MirrorMeterReading>`;

export const meterReadingList =
  `<MirrorMeterReadingList ${SEP} all="1" results="1"><MirrorMeterReading>` +
  `${meter(
    `<MirrorReadingSet><mRID>C0E09E710A064E0603EC6A3100032473</mRID><timePeriod><duration>120</duration><start>1800000000</start></timePeriod>` +
      `${reading(-420, 1_800_000_000)}${reading(-410, 1_800_000_060)}</MirrorReadingSet>`,
  )}</MirrorMeterReading></MirrorMeterReadingList>`;

export const response = (subject: string, code: number, lfdi = LFDI): string =>
  `<DERControlResponse ${SEP}><createdDateTime>1800000001</createdDateTime><endDeviceLFDI>${lfdi}</endDeviceLFDI><status>${code}</status><subject>${subject}</subject></DERControlResponse>`;

export const logEvent = `<LogEvent ${SEP}><createdDateTime>1800000000</createdDateTime><details>Over voltage</details><functionSet>11</functionSet><logEventCode>2</logEventCode><logEventID>41</logEventID><logEventPEN>40732</logEventPEN><profileID>2</profileID></LogEvent>`;
