/** In a fleet’s state folder: the stores of its cores by group, where each has its own; data of engines that it started. Which there are says of which engine it is. */
export const EMBEDDED_FOLDER = 'store';
export const ENGINES_FOLDER = 'engines';
