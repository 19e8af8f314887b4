/** Two folds closer than this are the same walk, sent again; both walks that an absence needs lie further apart (the shortest poll is 10 s). */
export const WALKS_APART_SECONDS = 5;
