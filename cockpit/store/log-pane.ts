/** What the cockpit's store keeps for the log pane while its screen is shown. */
export interface LogPaneState {
  readonly instanceId: number;
  /** The pane edits a line of text (search), so printable keys are text. */
  readonly isTyping: boolean;
}

export type LogPaneAction = { readonly type: 'closed' };

export type LogPaneEffect = { readonly type: 'close' };
