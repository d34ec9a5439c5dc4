// What loads React: import it through `inProduction`.
export { CampaignScreen } from './campaign-screen.tsx';
export { FindingTexts } from './finding-texts.ts';
