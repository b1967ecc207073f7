// Compiles only if the scalars of answers and variables are strings.
import { graphql } from "./gql";
import type { ScalarsQuery, ScalarsQueryVariables } from "./gql/graphql";

export const Scalars = graphql(`query Scalars($cnpj: CNPJ!, $id: ID!, $since: DateTime!) {
  clientByCnpj(cnpj: $cnpj) { cnpj }
  order(id: $id) { id createdAt totalWithSetupFee }
  events(filter: { occurredAt: { from: $since } }) { totalCount }
}`);

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
type Order = NonNullable<ScalarsQuery["order"]>;

export const areStrings: [
  Same<Order["id"], string>,
  Same<Order["createdAt"], string>,
  Same<Order["totalWithSetupFee"], string>,
  Same<NonNullable<ScalarsQuery["clientByCnpj"]>["cnpj"], string | null>,
  Same<ScalarsQueryVariables["cnpj"], string>,
  Same<ScalarsQueryVariables["id"], string>,
  Same<ScalarsQueryVariables["since"], string>,
] = [true, true, true, true, true, true, true];
