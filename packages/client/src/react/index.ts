"use client";
export { useArray, useAwareness, useDocument, useMap, useProvider, useStatus, useText } from "./hooks.js";
export type { AwarenessState, AwarenessStates } from "./hooks.js";
export { SynclineProvider, type SynclineProviderProps } from "./provider-component.js";
