/** Subscriptions, as GraphQL over Server-Sent Events. */

import { Kind, OperationTypeNode, parse } from "graphql";

import { type Answer, headersOf, type Params } from "./api";
import { texts } from "./texts";

interface Observer {
  next(answer: Answer): void;
  error(problem: unknown): void;
  complete(): void;
}

/** What GraphiQL shows while it lasts. */
export interface Results {
  subscribe(observer: Observer): { unsubscribe(): void };
}

/** Whether the operation to run is a subscription. */
export function isSubscription({ query, operationName }: Params): boolean {
  try {
    return parse(query, { noLocation: true }).definitions.some(
      (one) =>
        one.kind === Kind.OPERATION_DEFINITION &&
        one.operation === OperationTypeNode.SUBSCRIPTION &&
        (!operationName || one.name?.value === operationName),
    );
  } catch {
    return false;
  }
}

/** The results of a subscription, until it is stopped or ends; `onAnswer` sees each. */
export function follow(
  params: Params,
  token: string | null,
  headers: Record<string, string>,
  onAnswer: (answer: Answer) => void,
): Results {
  return {
    subscribe(observer) {
      const stopping = new AbortController();
      const sent = headersOf(token, { Accept: "text/event-stream", ...headers });
      read(params, sent, stopping.signal, (answer) => {
        onAnswer(answer);
        observer.next(answer);
      })
        .then(() => observer.complete())
        .catch((problem: unknown) => {
          if (!stopping.signal.aborted) {
            observer.error(problem);
          }
        });
      return { unsubscribe: () => stopping.abort() };
    },
  };
}

async function read(
  params: Params,
  headers: Headers,
  signal: AbortSignal,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  const response = await fetch(location.pathname, { method: "POST", headers, body: JSON.stringify(params), signal });
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    if (response.headers.get("Content-Type")?.startsWith("application/json")) {
      onAnswer((await response.json()) as Answer);
      return;
    }
    throw new Error(`${texts.unreachable} ${response.status} ${response.statusText}`.trimEnd());
  }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) {
      return;
    }
    const events = (rest + part.value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: {"));
      if (data) {
        onAnswer(JSON.parse(data.slice("data: ".length)) as Answer);
      }
    }
  }
}
