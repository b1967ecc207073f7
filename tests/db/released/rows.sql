INSERT INTO partners (id, name, name_folded, cnpj, is_vendor, contacts) VALUES (1, 'Alfa', 'alfa', 'X8259900000145', FALSE, '[]');

INSERT INTO partner_counters (partner_id, order_number, event_number) VALUES (1, 0, 0);

INSERT INTO price_tables (id, name, name_folded) VALUES (1, 'Pauta 1', 'pauta 1');

INSERT INTO price_table_versions (id, price_table_id, number, state, copy_of) VALUES (1, 1, 1, 'DRAFT', NULL);

INSERT INTO partner_price_tables (partner_id, price_table_id, preselected, active) VALUES (1, 1, TRUE, TRUE);

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (1, 1, '45ea376d-2e92-48a7-91bc-a9fd664e92e8@alfa.example', 'Ana', 'MANAGER', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO tokens (id, partner_id, user_id, kind, name, prefix, digest, permissions, created_at, expires_at, signed_in_at) VALUES (1, 1, 1, 'SESSION', 'test', 'pps_ZpMdQsES', x'DC808D72888C3F80ABD9E21B065BF220233E31443DE394F534982D9D80C91473', NULL, '2026-11-27T22:14:27.322234Z', NULL, NULL);

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'registerClient', x'415317EA34BEF67CEA2EF4CD99BADEEE323C725698B349ADE9039E4937F7A9D6', x'A068527952F62AC81DF83C5EA0FA9A59F9606472D1AA85C5B0E5F8313ECDBFD4', '2026-11-27T22:14:27.347899Z');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (1, 1, 'X8259900000226', 'Padaria', 'padaria', NULL, '', 'padaria', 'Olinda', 'olinda', NULL, 'ACTIVE', '2026-11-27T22:14:27.347899Z', '2026-11-27T22:14:27.347899Z');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (1, 1, 1, 'CLIENT_REGISTERED', '2026-11-27T22:14:27.347899Z', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'F32F2C3651D3D35C018ABB64382A5BEB0FCBE12194B52CB826657A0A07594B8E');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (2, 1, 'X8259900000307', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.373710Z', '2026-11-27T22:14:27.373710Z');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (2, 1, 2, 'CLIENT_REGISTERED', '2026-11-27T22:14:27.373710Z', 1, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'58F1B122D4610AA602DB1F2F23C42DE2FFB7FF205487E285A6342C5D46120F6E');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'importClients', x'8DB0F30D757AE381C53A617B9B423832EEFC35E1716F6AB1CC243DE3BD2452EE', x'BD6F5158EC6329CAE19F4ED18E8376BB78A44AEB8DE3B7E1FBBAE355FD9EBB53', '2026-11-27T22:14:27.389677Z');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (4, 1, 'X8259900000579', 'Padaria 0', 'padaria 0', NULL, '', 'padaria 0', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.389677Z', '2026-11-27T22:14:27.389677Z');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (5, 1, 'X8259900000650', 'Padaria 1', 'padaria 1', NULL, '', 'padaria 1', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.389677Z', '2026-11-27T22:14:27.389677Z');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (3, 1, 3, 'CLIENT_REGISTERED', '2026-11-27T22:14:27.389677Z', 1, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'EE70ACF86FD3DFC72C03FDA8CBAF2380F103558BA3E5FE36440EE3A1AB9255FF');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (4, 1, 4, 'CLIENT_REGISTERED', '2026-11-27T22:14:27.389677Z', 1, 5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'2CD99DC1A237C8F12B067FC45F53AB7843656548E2939D141C957048761AD296');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (6, 1, 'X8259900000730', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.407285Z', '2026-11-27T22:14:27.407285Z');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (5, 1, 5, 'CLIENT_REGISTERED', '2026-11-27T22:14:27.407285Z', 1, 6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'6B26D844F0886112786935C31C84DF40EDBA4F8615B6E5469766084412D29F40');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'updateClient', x'0615A68F27D755731560A3ECF2F8D7186744945F94821E2A10BED478A3D87A88', x'4108FE2383723E02657231D465FB0BBD9206DEAB647C8C1F596829F69A9414A2', '2026-11-27T22:14:27.421889Z');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (6, 1, 6, 'CLIENT_UPDATED', '2026-11-27T22:14:27.421889Z', 1, 6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'55F326E34C6E24006002110A7080CAF5BEFA54D4430240109EE9DB3A6513A876');

INSERT INTO products (id, code, name, included_seats, active) VALUES (1, 'a81e84aa582245a4a6e1c841ab5bbcc9', 'Moderniza Completo', 2, TRUE);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 1, 'PURCHASE', 1, 10000, 5000, 0);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 1, 'ADDITIONAL_SEATS', 1, 10000, 5000, 0);

INSERT INTO products (id, code, name, included_seats, active) VALUES (2, 'a9fed2bc59a748c4aab03c24d04676a1', 'Moderniza Completo', 2, TRUE);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 2, 'PURCHASE', 1, 10000, 5000, 0);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 2, 'ADDITIONAL_SEATS', 1, 10000, 5000, 0);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (1, 1, 1, 'PURCHASE', 'PENDING', 1, 1, 60000, 30000, x'AD9934D56C1CF0620C327BD9414AE6725A7F81216A52A7BBBEC151A0962FF07A', NULL, '2026-11-27T22:14:27.462197Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (1, 1, 1, 1, 3, 0, 6, 10000, 5000);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (2, 1, 1, 2, 3, 0, 6, 10000, 5000);

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (7, 1, 7, 'ORDER_CREATED', '2026-11-27T22:14:27.462197Z', 1, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'7E90E825DBC9999C1FBCED100F92338798F6886F305E26BDE7EF434564FB2B14');

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 1, 0, 0, 0, 0, 0);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 2, 0, 0, 0, 0, 0);

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, order_id, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 1, 1, 'ORDER_APPROVED', '2026-11-27T22:14:27.474193Z', 1, NULL, 3, 0, 0, 0, 0);

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, order_id, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (2, 1, 2, 'ORDER_APPROVED', '2026-11-27T22:14:27.474193Z', 1, NULL, 3, 0, 0, 0, 0);

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (8, 1, 8, 'ORDER_APPROVED', '2026-11-27T22:14:27.474193Z', 1, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'E3A94CDCAFBC3BB4A8FB124A84EFE47BF2B69A8C6697DE73A09CC84BF59ADF9F');

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (2, 1, 2, 'ADDITIONAL_SEATS', 'PENDING', 1, 1, 60000, 30000, x'69DC04B55EC92C9572CB7E964133AAD16F3BB0BC74D36B403D0512806C29A2EF', NULL, '2026-11-27T22:14:27.479702Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (3, 1, 2, 1, 3, 0, 3, 10000, 5000);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (4, 1, 2, 2, 3, 0, 3, 10000, 5000);

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (9, 1, 9, 'ORDER_CREATED', '2026-11-27T22:14:27.479702Z', 1, NULL, NULL, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'C80A468D226D31C105B8FCE59E7869F9E8A1AE71F87C80CCBFBFA14CF94559CC');

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, order_id, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (3, 1, 1, 'ORDER_APPROVED', '2026-11-27T22:14:27.489810Z', 2, NULL, 0, 0, 0, 3, 0);

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, order_id, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (4, 1, 2, 'ORDER_APPROVED', '2026-11-27T22:14:27.489810Z', 2, NULL, 0, 0, 0, 3, 0);

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (10, 1, 10, 'ORDER_APPROVED', '2026-11-27T22:14:27.489810Z', 1, NULL, NULL, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'6E154EB0971A9465C32D2203FBB35BB6FE4F6E4CDB69484143E28D81C22BEACA');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (7, 1, 'X8259900000811', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.495373Z', '2026-11-27T22:14:27.495373Z');

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (11, 1, 11, 'CLIENT_REGISTERED', '2026-11-27T22:14:27.495373Z', 1, 7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'13F67F46925F7F2F82959046B0E35CB14C7A74EA868502F53B6D43A7E6BD79B9');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (1, 1, 7, 1, '4GB76-7TX6W-YY1TS-GMVT7-NB3TF', '279B337D-863E-49BB-9959-9E2F85D407DB', NULL, 4, 2, 'Caixa', 'caixa', 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.501702Z', 1, '2026-11-27T22:14:27.501702Z');

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (5, 1, 1, 'ACTIVATED', '2026-11-27T22:14:27.501702Z', 1, 0, 0, 1, 0, 2);

INSERT INTO events (id, partner_id, number, type, occurred_at, actor_id, client_id, activation_id, order_id, token_id, product_id, user_id, price_table_id, webhook_id, erased, exported_list, hash) VALUES (12, 1, 12, 'LICENSE_ACTIVATED', '2026-11-27T22:14:27.501702Z', 1, 7, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x'6A8AB1B93665F9F9C84E28D57C1480A1C23F63A5EC3952599B1B3F7123C13047');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (2, 1, 7, 2, '4GMWD-56ZHH-9YJBD-Y5A5H-X6FXM', '0325957C-3EDE-434A-B751-48217E6EC6DF', NULL, 4, 2, 'Caixa', 'caixa', 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.507274Z', 1, '2026-11-27T22:14:27.507274Z');

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (6, 1, 2, 'ACTIVATED', '2026-11-27T22:14:27.507274Z', 2, 0, 0, 1, 0, 2);

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'cancelClient', x'957DAD740FAA94332BEC3E02F09EBDCE315C46D490B057AB265EFA93DCF81463', x'872AF9ED9C0DCACC9EF2D45428DE38E1283D327229B5A823A192BFAF77AFD67A', '2026-11-27T22:14:27.528499Z');

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (7, 1, 1, 'RELEASED', '2026-11-27T22:14:27.528499Z', 1, 0, 0, -1, 0, -2);

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (8, 1, 2, 'RELEASED', '2026-11-27T22:14:27.528499Z', 2, 0, 0, -1, 0, -2);

INSERT INTO products (id, code, name, included_seats, active) VALUES (3, '1a1ba371755143cba10792d9f0094407', 'Moderniza Completo', 2, TRUE);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 3, 'PURCHASE', 1, 10000, 5000, 0);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 3, 'ADDITIONAL_SEATS', 1, 10000, 5000, 0);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (3, 1, 3, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'88495F3645C08603D7A690371C8A514A59F0455EEE604B59EA737625AC982FF1', NULL, '2026-11-27T22:14:27.556799Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (5, 1, 3, 3, 2, 0, 4, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 3, 0, 0, 0, 0, 0);

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, order_id, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (9, 1, 3, 'ORDER_APPROVED', '2026-11-27T22:14:27.560398Z', 3, NULL, 2, 0, 0, 0, 0);

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (8, 1, 'X8259900000900', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.570825Z', '2026-11-27T22:14:27.570825Z');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'activateLicense', x'1837B2C7C611F73FCA6F88DD569C3392842DF513009A0BE034B462F6A4BD140F', x'509A0B5ED9358F58E02D2EF82336101AF83E1FC69F20CFE883288497537A656E', '2026-11-27T22:14:27.588460Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (3, 1, 8, 3, 'VJHFH-CZ4GM-540H1-K2YS3-S868X', 'KEY-1', NULL, 2, 0, NULL, NULL, 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.588460Z', 1, '2026-11-27T22:14:27.588460Z');

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (10, 1, 3, 'ACTIVATED', '2026-11-27T22:14:27.588460Z', 3, 0, 0, 1, 0, 0);

INSERT INTO products (id, code, name, included_seats, active) VALUES (4, '1af9264c8aab44d192bb579337360f18', 'Moderniza Completo', 2, TRUE);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 4, 'PURCHASE', 1, 10000, 5000, 0);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 4, 'ADDITIONAL_SEATS', 1, 10000, 5000, 0);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (4, 1, 4, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'D3157D94FD1B9E257FB3BBF35D3B4A5589EBA9B901AC38275296366E68048D10', NULL, '2026-11-27T22:14:27.606340Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (6, 1, 4, 4, 2, 0, 4, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 4, 0, 0, 0, 0, 0);

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, order_id, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (11, 1, 4, 'ORDER_APPROVED', '2026-11-27T22:14:27.616282Z', 4, NULL, 2, 0, 0, 0, 0);

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (9, 1, 'X8259900001036', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.620824Z', '2026-11-27T22:14:27.620824Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (4, 1, 9, 4, 'NMAQX-GJS97-V22EE-VN3F3-01P1W', '63BB3BAF-6F85-4E42-96A8-48BE9248CC4A', NULL, 2, 0, NULL, NULL, 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.625970Z', 1, '2026-11-27T22:14:27.625970Z');

INSERT INTO stock_movements (id, partner_id, product_id, type, occurred_at, activation_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (12, 1, 4, 'ACTIVATED', '2026-11-27T22:14:27.625970Z', 4, 0, 0, 1, 0, 0);

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'cancelActivation', x'18DD9FAC69CB174EB85779D1EB9052C9DE6ED5C028093CC1D35EB630AAA82E0E', x'CF911BB65810A16A8BE59E92B876806D91207ADA431678B80F24CCCAC37A0536', '2026-11-27T22:14:27.634032Z');

INSERT INTO products (id, code, name, included_seats, active) VALUES (5, '2674088f9aa440fbb59224bd8e3e049b', 'Moderniza Completo', 2, TRUE);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 5, 'PURCHASE', 1, 10000, 5000, 0);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 5, 'ADDITIONAL_SEATS', 1, 10000, 5000, 0);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (5, 1, 5, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'A62C9D272C037B5D60CB5E4EAF91456E53DE36C1AB083C3856C7B318C292CFC3', NULL, '2026-11-27T22:14:27.656831Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (7, 1, 5, 5, 2, 0, 4, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 5, 0, 0, 0, 0, 0);

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (10, 1, 'X8259900001117', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.672842Z', '2026-11-27T22:14:27.672842Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (5, 1, 10, 5, 'D0SZ2-ENV87-BYKJY-1KM09-SAY3F', '43917318-3079-408A-B177-FBA7DCD35BD2', NULL, 2, 0, NULL, NULL, 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.685700Z', 1, '2026-11-27T22:14:27.685700Z');

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (11, 1, 'X8259900001206', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.697433Z', '2026-11-27T22:14:27.697433Z');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'moveActivation', x'FD1E045085AE5F05ABE1D9BCBF4E1D6D8FAE4C36701F66A266D841FC522D1C8C', x'CC355ACB1A4250054FCCBFE36FDE9A54FBA8ADDC55B3F7DA5A246A7410128972', '2026-11-27T22:14:27.719485Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (6, 1, 11, 5, 'NNKS1-3FV1Q-060YB-6X156-7A3YZ', 'KEY-2', NULL, 2, 0, 'Troca', 'troca', 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.719485Z', 1, '2026-11-27T22:14:27.719485Z');

INSERT INTO products (id, code, name, included_seats, active) VALUES (6, 'd76fbdc340da4b399f6ec726ae085cc6', 'Moderniza Completo', 2, TRUE);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 6, 'PURCHASE', 1, 10000, 5000, 0);

INSERT INTO price_tiers (version_id, product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES (1, 6, 'ADDITIONAL_SEATS', 1, 10000, 5000, 0);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (6, 1, 6, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'2313649B6F74910FA01D0F4F86F522CEB987757AA040E9295063F1EDB2BA3BDF', NULL, '2026-11-27T22:14:27.786182Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (8, 1, 6, 6, 2, 0, 4, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 6, 0, 0, 0, 0, 0);

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (12, 1, 'X8259900001389', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:27.794396Z', '2026-11-27T22:14:27.794396Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (7, 1, 12, 6, '5230S-7PT5B-E0X9V-7ZR8D-68KQQ', 'AA5FFAD1-EBAD-487F-B638-331031D9394E', NULL, 2, 0, NULL, NULL, 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:27.798523Z', 1, '2026-11-27T22:14:27.798523Z');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'updateActivation', x'3C0228415C14E015ADFAB80867AB32EB70F4977467044E765C521BD88AF168FC', x'3F30151E79D6C3D3D028718F3443EEC744386813FCCA3B935541F22E10B214C7', '2026-11-27T22:14:27.809242Z');

INSERT INTO products (id, code, name, included_seats, active) VALUES (7, 'd0247ae2a31e406ea4b6a3be7bfc410c', 'Moderniza Completo', 2, TRUE);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (7, 1, 7, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'BE2B57ABCC0A707A3DD9D40ADBD3FB630D877ABB0714B8549BA48E29479BD8AD', NULL, '2026-11-27T22:14:27.830323Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (9, 1, 7, 7, 2, 0, 4, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 7, 0, 0, 0, 0, 0);

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'updateLicenseStockThreshold', x'37CEE104BEE3FE9604D6C721C7C932893F214A4E286067120580C2E79FF06923', x'7CEC9540B81C1B5A4456A6D04B7FA25A0FFDC7AB1D71A30A1807B2E953E9A862', '2026-11-27T22:14:27.868587Z');

INSERT INTO products (id, code, name, included_seats, active) VALUES (8, '172f77d18bbe4ca6be580c351d58f84f', 'Moderniza Completo', 2, TRUE);

INSERT INTO products (id, code, name, included_seats, active) VALUES (9, '249747aef9c84536acd09a11049b417f', 'Moderniza Completo', 2, TRUE);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (8, 1, 8, 'PURCHASE', 'PENDING', 1, 1, 60000, 30000, x'4490B0D83B6F5E97F5DDBB963E3F02960CBF0887D465007D0A18B7E40F050D09', NULL, '2026-11-27T22:14:27.978513Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (10, 1, 8, 8, 3, 0, 6, 10000, 5000);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (11, 1, 8, 9, 3, 0, 6, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 8, 0, 0, 0, 0, 0);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 9, 0, 0, 0, 0, 0);

INSERT INTO clients (id, partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded, city, city_folded, state, status, registered_at, updated_at) VALUES (13, 1, 'X8259900001460', 'Padaria São João', 'padaria sao joao', NULL, '', 'padaria sao joao', NULL, '', NULL, 'ACTIVE', '2026-11-27T22:14:28.016467Z', '2026-11-27T22:14:28.016467Z');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'activateLicenses', x'479EA5313687CA18D3A03DB7CD82481C146455FDFC5D980E4ADD6CD149C2C28B', x'F3042E0E50FFC1441846D6A8639315672778611D5280DE9846260F818025A013', '2026-11-27T22:14:28.095304Z');

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'activateLicenses', x'CBAD06729EF483BB9813F68BC41C048C4D585ABA8C3E810E757C82F3C4FD4B42', x'9906D42F5B69F04EDBA8795BB7220C1EED78998DAAAE85D71ACB1081F898E204', '2026-11-27T22:14:28.095304Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (8, 1, 13, 8, 'SD6EQ-YV0MY-FW1M0-G8W3C-9J5N8', 'KEY-1', NULL, 2, 0, NULL, NULL, 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:28.095304Z', 1, '2026-11-27T22:14:28.095304Z');

INSERT INTO activations (id, partner_id, client_id, product_id, authorization_code, activation_key, ecf_serial_number, seats, additional_seats, note, note_folded, client_name_folded, status, activated_at, activated_by_id, updated_at) VALUES (9, 1, 13, 9, 'YSRF3-9BNW7-W4MQJ-6GZK7-XF0GX', 'KEY-1', NULL, 2, 0, NULL, NULL, 'padaria sao joao', 'ACTIVE', '2026-11-27T22:14:28.095304Z', 1, '2026-11-27T22:14:28.095304Z');

INSERT INTO products (id, code, name, included_seats, active) VALUES (10, '528cd1a2ff1e415298b373ee5024808f', 'Moderniza Completo', 2, TRUE);

INSERT INTO products (id, code, name, included_seats, active) VALUES (11, '1139fcfe83474ae6aa76abd630d7b5d8', 'Moderniza Completo', 2, TRUE);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (9, 1, 9, 'PURCHASE', 'PENDING', 1, 1, 60000, 30000, x'7B00B11E5A6498849E5BA99358DAB175F91E19FCA4471C45DA99CEE1F54C0329', NULL, '2026-11-27T22:14:28.126084Z', 1);

INSERT INTO order_items (id, partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price, unit_setup_fee) VALUES (12, 1, 9, 10, 3, 0, 6, 10000, 5000);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 10, 0, 0, 0, 0, 0);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 11, 0, 0, 0, 0, 0);

INSERT INTO idempotency_keys (partner_id, mutation, key_digest, input_digest, created_at) VALUES (1, 'cancelActivations', x'6F16DEC920504DECE7CB93D6A37572EE1612034FF808779A6C8A5B183E11C66C', x'906B7BCB9EAA0D3D6D8BF62C59DA574C943311C43B30EA94945F0097E3FB577B', '2026-11-27T22:14:28.157143Z');

INSERT INTO products (id, code, name, included_seats, active) VALUES (12, '050aea00b510427cb782f807ea1e46fd', 'Moderniza Completo', 2, TRUE);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (10, 1, 10, 'PURCHASE', 'PENDING', 1, 1, 60000, 30000, x'915D84575260F8C993324DC5C6A9D0AFF665275CE02E1DD4436F05A25E309287', NULL, '2026-11-27T22:14:28.190331Z', 1);

INSERT INTO license_stock (partner_id, product_id, purchased, bonus, activated, additional_seats_total, additional_seats_allocated) VALUES (1, 12, 0, 0, 0, 0, 0);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (11, 1, 11, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'9B3C8BC323AFCDACD47ADF5A2A24A2A83BCD7E02F8C6F5595EEB8B772BE06204', 'Urgente', '2026-11-27T22:14:28.245408Z', 1);

INSERT INTO orders (id, partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total, setup_fee_total, lines_hash, note, created_at, created_by_id) VALUES (12, 1, 12, 'PURCHASE', 'PENDING', 1, 1, 20000, 10000, x'5FCB915FA4CC1BBABCFACF7B6432173AE28EC428EB34F3CADBD2C4DD8748D7F0', NULL, '2026-11-27T22:14:28.265639Z', 1);

INSERT INTO tokens (id, partner_id, user_id, kind, name, prefix, digest, permissions, created_at, expires_at, signed_in_at) VALUES (2, 1, 1, 'API', 'Script', 'ppt_zaSY0JaC', x'B32C395278A204570ED101738060607444E3DE835BBF66329608C58DA5EF3FC3', 'ORDERS_READ', '2026-11-27T22:14:28.311241Z', NULL, NULL);

INSERT INTO tokens (id, partner_id, user_id, kind, name, prefix, digest, permissions, created_at, expires_at, signed_in_at) VALUES (3, 1, 1, 'API', 'Script', 'ppt_0BRbfP1u', x'95F854C1405E69B1821CA3935A2AEEBF8E188B671F1377DD103CA82878A83F7E', 'ORDERS_READ', '2026-11-27T22:14:28.317605Z', NULL, NULL);

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (2, 1, '625cd3fc-bdc0-44c5-b2d2-9fa4ebb6de42@alfa.example', 'Ana', 'OPERATOR', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (3, 1, '2c601579-f2ad-460a-91a4-deaa20300d1f@alfa.example', 'Ana', 'OPERATOR', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (4, 1, '98a13b29-1037-4e2b-917d-231725fddf79@alfa.example', 'Ana', 'OPERATOR', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO invitations (id, partner_id, email, name, role, digest, delivery, created_at, expires_at, invited_by_id) VALUES (1, 1, '96a73ca1-fd7f-464f-8e36-68e1783e5a7b@alfa.example', 'Bia Reis', 'OPERATOR', x'4A6A745971742789EDF6A9EFB158683441D30FAA5D9AA7EB697C705C633EAB35', 'LINK', '2026-11-27T22:14:28.394192Z', '2026-11-30T22:14:28.394192Z', 1);

INSERT INTO invitations (id, partner_id, email, name, role, digest, delivery, created_at, expires_at, invited_by_id) VALUES (2, 1, 'd4d82121-98fc-4d77-ace5-b68dc64d1ce4@alfa.example', 'Bia Reis', 'OPERATOR', x'BB68158C4A357D0611F9C8248D1A7830D0CA6EBD2D005DD9E80849399936124C', 'LINK', '2026-11-27T22:14:28.411447Z', '2026-11-30T22:14:28.411447Z', 1);

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (5, 1, '8bc27366-da1f-4935-a02a-0c0748e93f09@alfa.example', 'Ana', 'OPERATOR', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO password_resets (digest, partner_id, user_id, created_by_id, expires_at, by_email) VALUES (x'D288106BE7D0D3E6595780A26AEED01438B440816D50C7574C1189124A1AFCE1', 1, 5, 1, '2026-11-27T23:14:28.476036Z', FALSE);

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (6, 1, 'fae9928d-75ce-4b4d-8372-fad47a86721e@alfa.example', 'Ana', 'MANAGER', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO totp_secrets (partner_id, user_id, sealed, enrolled_at) VALUES (1, 6, x'013FE5FAF8FC10C27611F588ACCC49E45875D8A89BFBD88CCB713CB6E2293F01EC3AA56AC914006D2D58EA3BB6AD9FB3D6F3CD17C4BE0D8AB622FFF0E3', '2026-11-27T22:14:28.483833Z');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'028721B2CFA9C42CEA95AC61D760BFC510B31373B2FE99D69197EEE27EB8F90B2F');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'0245525D3785C1B3BE155CD1AC2C2FD1EDBB417C99F49357CD389A8161622546D0');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'02B9E7F08617A62E8D41ABADC89C28AB76ACF32E44D3A2754853242476CE214361');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'0208FBE93BC1657AB47C96D2BAE4C03D6718DA159DB68E37056C8962567B946B9B');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'02FAB93A63E11CA781BD3E18B60863CDFF5E49F418515BC5168E72514082CC76F4');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'02C934A2B39FEF159AF73311B8C551585A923DECE8E13D0AC2CAEC06933CF0BC9E');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'02B0B2B0CC463D7F4BDA38FE24A2D67B0DA9435C687C9457FE6241CA96CC930432');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'02E04E5C1697A1EB200DE65433C782A1FF087E1DF13814CE578D17FD49ABE0CE33');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'02D14A2B51DE4C072AB4549E74C823D0C90B59047D4A4DD65BCDFDEABEC1503AC0');

INSERT INTO recovery_codes (partner_id, user_id, digest) VALUES (1, 6, x'029C954DE7E45D356538CA2039F7B30B9FD53D78A6EA53208177E2E4A83B7B6E6E');

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (7, 1, 'fcef0712-3b34-441d-a2e8-0028a095ed20@alfa.example', 'Ana', 'OPERATOR', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO identities (issuer, subject, partner_id, user_id, linked_at) VALUES ('https://id.example', '46daf810-a51e-4d75-b45f-4155883099cd', 1, 7, '2026-11-27T22:14:28.532000Z');

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (1, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'01450E13AAC22A22A39797A91AE64F4FF40DF9C87D0745A21938BE6119399730F4F3A7859271CA70A0D871392874085C4B3F6F99969993C9D97060A5EECB190D9ACC22F565D965A6C03CA92875765FACBF22DF364BBA5F97D28CC0E8B2', 'whpk_ULOTBjgFITOuqtDwYmEWWbWAhUb7P1mIWCLlWPGB5ic=', '2026-11-27T22:14:28.600209Z', 77, 0, 0);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (2, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'010B8B192CFFDF006313A334B7A682FA4D1E4F60451FB2A26502035D878538A2CA07FC0E61E6F51B7229B455DCD6DDBFF2E6B3F9FA822CB32F00F0E681BA91818927F8A68C9827B705F56C944F16E9F1CF0540AE269C605B4B97C5345F', 'whpk_F43ZNshPVzCmQ73Zb6W7s2hb9Ukb8Dd/TgFHBO1QEzU=', '2026-11-27T22:14:28.636397Z', 78, 0, 0);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (3, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'01746522A42E8F12CE977DC68FC9EC8C58BF5FCB67BF4E93479CE83CE1F72F3BDBA4C9E985F53F8630F9AFE505CA06AA19C45500F375685486F336F4A0667D3F192B534509B3E60367B214FA9B2E3E631D412753AEDFA668E461C50807', 'whpk_of4KQLzyulEZw3nJ9dvMyigOMNp7F9qBnGbiDj+JPY4=', '2026-11-27T22:14:28.719607Z', 80, 0, 0);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (4, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'01178B7B1D8C46608B8F2D35CADB61177EFD5AC22C6ADE9379D35A743DAF0211EF3658C6994AFA26AC993D49860CA41E4ED511BA700A5E087278E8ECA81F2AF9A9C43EFC0B9510E141BD4ECA91A2B23518EBF0A78413D42664978237F8', 'whpk_0VjfVaMru0hpfuaqB3OyAhlVwljf0/QhD5tEY3NS470=', '2026-11-27T22:14:28.748625Z', 82, 0, 0);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (5, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'0177306B8255FA77C5B63C764C693283887DF7F7E1E9F0B06DF6F3E25986FB80778CFF56015E9337EC6651C5230471463C6A8782FD494C125F22C4B03E5DFFAE16ADB72C5698BB7D383C195D36DE2C85EA0D556B4D02630CD8FC427452', 'whpk_xxRW0iuhRTrMvG2azB12Qw/6Vhcyo56dPw6RsiwokqM=', '2026-11-27T22:14:28.782440Z', 85, 0, 0);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (6, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'01BC548E7E586680D21417ED1749ED5182732F6C9A5CC8986DE855EF6CD48B2A0035BC2480E4A7985D97B52F49AB9F8875C2BF71DA85659F967FEAA99F6C284ABCA4B753D36922B48CE2AF724CE096F6FECA939856C65419E62747247F', 'whpk_KRWi+J5YmmKHjeWmiHpj1xvopC9PUtNXb04krCNJN1U=', '2026-11-27T22:14:28.809944Z', 87, 0, 0);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (7, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'01F1098562509F400807F9EEE265C57E7B97B0CB39D31A570DF08C5379BF0B0A6EA221F3F38AE4587121997AEFE95E8D1AB9FF177DA390D389DB9AED5D8A19D13C9B3666B633C2F345635477353081880FFC4075FF41E6ECD0DCF0B80B', 'whpk_ULB0Z5D1kHp4MHsDAV0RESXH3QBns1diFCAiIPDF5Aw=', '2026-11-27T22:14:28.830126Z', 89, 0, 0);

INSERT INTO webhook_deliveries (id, partner_id, webhook_id, message_id, first_number, last_number, filter, batched, attempt, status, failure, http_status, created_at, duration_ms, answer, next_attempt_at) VALUES (1, 1, 7, 'ping_d79e8c65892a4c837a161f63be0ec5fd', NULL, NULL, NULL, NULL, 1, 'QUEUED', NULL, NULL, '2026-11-27T22:14:28.844240Z', NULL, NULL, NULL);

INSERT INTO webhooks (id, partner_id, maker_id, permissions, language, url, filter, selection, batch_size, state, sealed, public_key, created_at, position, attempts, fence) VALUES (8, 1, 1, 'ACTIVATIONS_READ ACTIVATIONS_WRITE CLIENTS_CANCEL CLIENTS_READ CLIENTS_WRITE EVENTS_READ EXPORTS_CREATE ORDERS_APPROVE ORDERS_CREATE ORDERS_READ STOCK_MANAGE TOKENS_MANAGE USERS_MANAGE USERS_READ WEBHOOKS_MANAGE WEBHOOKS_READ', 'ENGLISH', 'https://erp.example/webhooks', '{}', '{ message client { id } }', 2, 'ACTIVE', x'013872C0B85ED892037725DE2B61AECF01B9A79B80E9F022D54B436963EE5421B9E802A5EBB0ED254E2B75AE568D11813585BE11A307287B6CF6494AA7C10A5216E0EF84AC070E0B0F90E791AAD4E4472B0E98BFE16D8CAB60B57975D1', 'whpk_kz9WbZ+vlFJMRvKqcFCEPLdTjogCLaJaZwXTjsbpXuQ=', '2026-11-27T22:14:28.848736Z', 90, 0, 0);

INSERT INTO webhook_deliveries (id, partner_id, webhook_id, message_id, first_number, last_number, filter, batched, attempt, status, failure, http_status, created_at, duration_ms, answer, next_attempt_at) VALUES (2, 1, 8, 'ping_fade9415add6b3fb9e61ef764fa95233', NULL, NULL, NULL, NULL, 1, 'QUEUED', NULL, NULL, '2026-11-27T22:14:28.858348Z', NULL, NULL, NULL);

INSERT INTO webhook_deliveries (id, partner_id, webhook_id, message_id, first_number, last_number, filter, batched, attempt, status, failure, http_status, created_at, duration_ms, answer, next_attempt_at) VALUES (3, 1, 8, 'ping_fade9415add6b3fb9e61ef764fa95233', NULL, NULL, NULL, NULL, 1, 'QUEUED', NULL, NULL, '2026-11-27T22:14:28.869442Z', NULL, NULL, NULL);

INSERT INTO partners (id, name, name_folded, cnpj, is_vendor, contacts) VALUES (2, 'Grupo Moderniza', 'grupo moderniza', '11222333000181', TRUE, '[]');

INSERT INTO partner_counters (partner_id, order_number, event_number) VALUES (2, 0, 0);

INSERT INTO price_tables (id, name, name_folded) VALUES (2, 'Pauta Grupo Moderniza (11222333000181)', 'pauta grupo moderniza (11222333000181)');

INSERT INTO partner_price_tables (partner_id, price_table_id, preselected, active) VALUES (2, 2, TRUE, TRUE);

INSERT INTO users (id, partner_id, email, name, role, password_hash, email_proved_at) VALUES (8, 2, '67de619f-d625-431b-9067-3999329b1e9f@alfa.example', 'Ana', 'VENDOR_ADMIN', 'none', '1970-01-01T00:00:00.000000Z');

INSERT INTO tokens (id, partner_id, user_id, kind, name, prefix, digest, permissions, created_at, expires_at, signed_in_at) VALUES (4, 2, 8, 'SESSION', 'test', 'pps_oN3RUgaV', x'FCF10C80A1344678575F3A14152CE0543D2E1739CC371D3FC1204A82EBDA655C', NULL, '2026-11-27T22:14:28.891446Z', NULL, NULL);

INSERT INTO trusted_documents (id, document_id, text, registered_at) VALUES (1, 'x-test:role', '{ viewer { role } }', '2026-11-27T22:14:28.916681Z');

INSERT INTO sign_in_attempts (digest, failures, first_failure_at, last_failure_at) VALUES (x'65429F8A7D39B7A4C8F5318748059E7B54B342FD814032DF6E3D2B526FB94127', 0, '2026-11-27T22:14:28.926517Z', '2026-11-27T22:14:28.926517Z');

INSERT INTO sign_in_attempts (digest, failures, first_failure_at, last_failure_at) VALUES (x'96F1A8422EB8CB7D08AED47905B4931BFDC5CA434B7FA47F8B45F5E614B8F9A3', 0, '2026-11-27T22:14:28.926517Z', '2026-11-27T22:14:28.926517Z');

INSERT INTO sign_in_attempts (digest, failures, first_failure_at, last_failure_at) VALUES (x'B8C98A421A7388D678AD39716F8E677E1C83D299037D195574C727C816752B25', 0, '2026-11-27T22:14:28.926517Z', '2026-11-27T22:14:28.926517Z')