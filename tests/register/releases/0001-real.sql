INSERT INTO public.subject VALUES
	(1, 'GS-4H7Y-DE8Q', 'gb.fhrs:413-1', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(10, 'GS-EAA6-634R', 'gb.fhrs:413-10', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(11, 'GS-4N0U-M8WR', 'gb.fhrs:413-11', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(12, 'GS-CB2M-832Q', 'gb.fhrs:413-12', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(13, 'GS-BEMD-47UC', 'gb.fhrs:413-13', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(14, 'GS-J19J-4WUT', 'gb.fhrs:413-14', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(15, 'GS-GD6G-BFFG', 'gb.fhrs:413-15', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(16, 'GS-EXB5-3DUF', 'gb.fhrs:413-16', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(17, 'GS-HANR-9BUB', 'gb.fhrs:413-17', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(18, 'GS-CXX8-PBL7', 'gb.fhrs:413-18', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(19, 'GS-BCU2-L19T', 'gb.fhrs:413-19', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(2, 'GS-0JMU-T6LL', 'gb.fhrs:413-2', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(20, 'GS-C02X-1URC', 'gb.fhrs:413-20', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(21, 'GS-GJBC-QN65', 'gb.fhrs:413-21', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(22, 'GS-54KB-78Y4', 'gb.fhrs:413-22', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(23, 'GS-BEKB-74AK', 'gb.fhrs:413-23', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(24, 'GS-C572-KK28', 'gb.fhrs:413-24', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(25, 'GS-3L8E-P14H', 'gb.fhrs:413-25', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(26, 'GS-9626-A5J9', 'gb.fhrs:413-26', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(27, 'GS-BDQ7-QWG4', 'gb.fhrs:413-27', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(28, 'GS-7W1W-7HLF', 'gb.fhrs:413-28', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(29, 'GS-AFGT-C6D5', 'gb.fhrs:413-29', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(3, 'GS-GFYD-J8KH', 'gb.fhrs:413-3', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(4, 'GS-97G2-JGHJ', 'gb.fhrs:413-4', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(5, 'GS-5A0B-YUMJ', 'gb.fhrs:413-5', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(6, 'GS-0PF7-XG1C', 'gb.fhrs:413-6', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(7, 'GS-6881-D40F', 'gb.fhrs:413-7', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(8, 'GS-EART-RC2P', 'gb.fhrs:413-8', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(9, 'GS-CCN6-RCB7', 'gb.fhrs:413-9', 'thing', '', '', NULL, false, '
', 1, '2026-11-22 16:39:24.132292+00'),
	(30, 'GS-7C17-4D67', 'gb.fhrs:413-30', 'thing', '', '', NULL, false, '
', 2, '2026-11-22 16:39:24.340329+00'),
	(31, 'GS-AKFW-WF6P', 'gb.fhrs:413-31', 'thing', '', '', NULL, false, '
', 2, '2026-11-22 16:39:24.340329+00'),
	(32, 'GS-210W-RLJX', 'gb.fhrs:413-32', 'thing', '', '', NULL, false, '
', 2, '2026-11-22 16:39:24.340329+00'),
	(33, 'GS-958C-BRTM', 'gb.fhrs:413-33', 'thing', '', '', NULL, false, '
', 2, '2026-11-22 16:39:24.340329+00'),
	(34, 'GS-FABW-B831', 'gb.fhrs:413-34', 'thing', '', '', NULL, false, '
', 2, '2026-11-22 16:39:24.340329+00');
INSERT INTO public.access OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'Inspector', 'officer', 'an inquiry', 'the page', '2026-11-22 16:39:24.495809+00');
INSERT INTO public.source VALUES
	('gb.fsa', '{"id": "gb.fsa", "key": {"en": "local authority code and FHRSID", "nl": "gemeentecode en FHRSID", "zh": "地方当局代码和FHRSID"}, "kinds": ["food.inspection", "food.unrated"], "words": {"en": "Food hygiene ratings", "nl": "Voedselhygiënewaarderingen", "zh": "食品卫生评级数据"}, "agency": {"en": "Food Standards Agency", "nl": "Food Standards Agency", "zh": "英国食品标准局"}, "origin": "own-finding", "defects": [], "schedule": "daily", "max_lag_days": 42}', '2026-11-22 16:39:23.736441+00');
INSERT INTO public.delivery VALUES
	(1, 'gb.fsa', 'delivery-3.csv', '2026-10-01', 'bf419732bb8c9f1e1dafc162517e106ca346388734bfd3fe21b31b0467fc8405', 30, 29, 0, 1, '174817187b2731ce883fb6b2044f1a9ce5b0717024832af109b7baa25ffc85ef', '2026-11-22 16:39:24.132292+00'),
	(2, 'gb.fsa', 'delivery-4.csv', '2026-10-01', '022de7f90e6fb77c6f9ae44570234176c09bc22cff2180d2a43021d7c8e57c2a', 12, 7, 5, 0, 'ab4d1caa85e40b14e42b3e4637414179eefbaf4d0f1c7d55869d5b12905caedb', '2026-11-22 16:39:24.340329+00');
INSERT INTO public.policy OVERRIDING SYSTEM VALUE VALUES
	(1, 'uk-food-hygiene', '1', '5311b2a3b75a42b4f8790b682b570838b3afa5d916bd0a03551f2f8b9fb3f9c5', '{organisation,thing}', '{"policy.yaml": "# yaml-language-server: $schema=../../docs/reference/policy.schema.json\ngoodstanding: 1\nid: uk-food-hygiene\nversion: \"1\"\ntitle: {en: UK food hygiene rating, nl: Britse voedselhygiënewaardering, zh: 英国食品卫生评级}\nabout:\n  en: >-\n    A food business is inspected on three criteria; higher scores are worse. The rating, 5 (very good) to 0 (urgent\n    improvement necessary), needs both a low total and no single score that is too high. Only the latest inspection\n    counts.\n  nl: >-\n    Een voedselbedrijf wordt op drie punten gekeurd; een hoger cijfer is slechter. De waardering, 5 (zeer goed) tot 0\n    (dringend verbetering nodig), vraagt een laag totaal en geen enkel te hoog cijfer. Alleen de laatste keuring telt.\n  zh: 食品经营场所按三项标准检查，分数越高越差。评级从5（很好）到0（急需改进），既要求总分低，也要求没有单项过高。只计最近一次检查。\njurisdiction: GB\neffective: unverified\nsubjects: [organisation, thing]\n\nlaw:\n  criteria:\n    cite: Food Law Code of Practice, annex 5\n    words: {en: the three criteria and their scores, nl: de drie criteria en hun cijfers, zh: 三项标准及分值}\n    read: three restatements of the mapping, not the Code itself\n  mapping:\n    cite: FHRS Brand Standard, sections 4-5\n    words: {en: from the scores to the rating, nl: van de cijfers naar de waardering, zh: 由分值到评级}\n    read: three restatements of the mapping, which agree\n  coverage:\n    cite: FHRS Brand Standard, sections 4-5\n    words: {en: which businesses are rated, nl: welke bedrijven worden gewaardeerd, zh: 哪些经营者参与评级}\n\ninterpretations:\n  I-1:\n    en: An inspection replaces all that was known before it; of two on one day, the one later in the order of records.\n    nl: Een keuring vervangt alles van daarvoor; van twee op één dag telt de latere in de volgorde van de gegevens.\n    zh: 新检查取代以前的全部结果；同日两次检查，以记录顺序在后者为准。\n  I-2:\n    en: The ladder of the worst score is read off the column \"no individual score above\".\n    nl: De ladder van het slechtste cijfer is afgelezen uit de kolom \"geen enkel cijfer boven\".\n    zh: 最差单项的分级由“单项不超过”一栏读出。\n\naccounts:\n  hygiene: {words: {en: hygiene procedures, nl: hygiënisch werken, zh: 卫生操作}}\n  structural: {words: {en: structure, nl: gebouw en inrichting, zh: 场所结构}}\n  confidence: {words: {en: confidence in management, nl: vertrouwen in de leiding, zh: 对管理的信心}}\n  status: {words: {en: status without a rating, nl: status zonder waardering, zh: 未评级状态}}\n\nentries:\n  hygiene:\n    for: food.inspection\n    account: hygiene\n    amount: hygiene\n    counts: {from: act}\n    superseded by: [food.inspection, food.unrated]\n    clause: criteria\n    words: {en: hygiene procedures, nl: hygiënisch werken, zh: 卫生操作}\n  structural:\n    for: food.inspection\n    account: structural\n    amount: structural\n    counts: {from: act}\n    superseded by: [food.inspection, food.unrated]\n    clause: criteria\n    words: {en: structure, nl: gebouw en inrichting, zh: 场所结构}\n  confidence:\n    for: food.inspection\n    account: confidence\n    amount: confidence\n    counts: {from: act}\n    superseded by: [food.inspection, food.unrated]\n    clause: criteria\n    words: {en: confidence in management, nl: vertrouwen in de leiding, zh: 对管理的信心}\n  unrated:\n    for: food.unrated\n    account: status\n    counts: {from: act}\n    superseded by: [food.inspection, food.unrated]\n    clause: coverage\n    words: {en: not rated, nl: niet gewaardeerd, zh: 不评级}\n\nvalues:\n  total:\n    is: sum(hygiene) + sum(structural) + sum(confidence)\n    grid: {step: 5, least: 0, most: 80}\n    clause: mapping\n    words: {en: total of the three scores, nl: totaal van de drie cijfers, zh: 三项总分}\n  worst:\n    is: max(sum(hygiene), sum(structural), sum(confidence))\n    grid: {step: 5, least: 0, most: 30}\n    clause: mapping\n    words: {en: worst single score, nl: slechtste cijfer, zh: 最差单项}\n\nscore: total\n\nunrated:\n  - when: some(unrated)\n    because: unrated.reason\n    clause: coverage\n  - when: not some(hygiene)\n    because: never-inspected\n    words: {en: never inspected, nl: nooit gekeurd, zh: 从未检查}\n    clause: coverage\n\ngrades:\n  order:\n    \"5\": {en: very good, nl: zeer goed, zh: 很好}\n    \"4\": {en: good, nl: goed, zh: 良好}\n    \"3\": {en: generally satisfactory, nl: over het geheel voldoende, zh: 大致满意}\n    \"2\": {en: improvement necessary, nl: verbetering nodig, zh: 需要改进}\n    \"1\": {en: major improvement necessary, nl: grote verbetering nodig, zh: 需要重大改进}\n    \"0\": {en: urgent improvement necessary, nl: dringend verbetering nodig, zh: 急需改进}\n  ladders:\n    - of: total\n      bands: {\"5\": 0..15, \"4\": 20, \"3\": 25..30, \"2\": 35..40, \"1\": 45..50, \"0\": 55..80}\n      clause: mapping\n    - of: worst\n      bands: {\"5\": 0..5, \"4\": 10, \"2\": 15, \"1\": 20, \"0\": 25..30}\n      clause: I-2\n\nrepairs:\n  reinspection:\n    by: food.inspection\n    giving: {hygiene: [\"25\", \"20\", \"15\", \"10\", \"5\", \"0\"], structural: [\"25\", \"20\", \"15\", \"10\", \"5\", \"0\"],\n             confidence: [\"30\", \"20\", \"10\", \"5\", \"0\"]}\n    words: {en: new inspection with these scores, nl: nieuwe keuring met deze cijfers, zh: 重新检查，取得这些分值}\n    clause: mapping\n"}', '2026-11-22 16:39:24.389777+00');
INSERT INTO public.record VALUES
	(1, 1, 1, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-1', 'I-1', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\xe9cc780c7511367854edd6a43cbed33c80b5474082bf5423a53e5eb7c86411c0'),
	(1, 10, 10, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-10', 'I-10', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x0244762015c30bfd86e2ff0f7c4ebb655dc53dda39b46da81d1b6d32f8a89c43'),
	(1, 11, 11, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-11', 'I-11', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\x82700fe6668ce81e6010dd6bc08815f36a9bc0aae04cfb0e36a7c7ae326751a3'),
	(1, 12, 12, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-12', 'I-12', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\x844f58d7bcb47185cef80dcebd51ceb2974873c0e5961fab9724706104f22f0d'),
	(1, 13, 13, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-13', 'I-13', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\x4d1d9d3d4d4e152e09e33573c63136cd419531bbecf29f396d45ac92051df322'),
	(1, 14, 14, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-14', 'I-14', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x8aa9926c84bb8cc4a9abc7852648abf77f0a3e0f4a41844a1ae6026412240015'),
	(1, 15, 15, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-15', 'I-15', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\x5e41ec7e0f5858e128f4af80299b8f26736a62fff105f89da7855ab38b88f1b4'),
	(1, 16, 16, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-16', 'I-16', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\x5c339055e009f169b5c6ed3e3792217207633bffeefc4d619c3ea189011d897d'),
	(1, 17, 17, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-17', 'I-17', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\x0a81a23928e53565c5612f109893ee611c3beddb63d959f2171f4e9354d286d2'),
	(1, 18, 18, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-18', 'I-18', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x1f11b93f10c61cb9d53fecaa053620363767bd13d558dd540932104425ec433e'),
	(1, 19, 19, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-19', 'I-19', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\x7e6d753856b52a27e011dd8c63648386efc496dba67e61cdce4749c6f4014cea'),
	(1, 2, 2, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-2', 'I-2', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x91ec049619f9fcb4985e66e7c4fe947ef7c30b5e7b59a18557fd33cff8fd9d10'),
	(1, 20, 20, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-20', 'I-20', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\xe9b3872f3bcbf5ed7dae11c125609e4e8a0c4a8ff07afef39c4f194e5e5ad4e9'),
	(1, 21, 21, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-21', 'I-21', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\x839d0fdb481ee6a8cbf1ae34399d523cad163a3928d01b943da052a336680e38'),
	(1, 22, 22, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-22', 'I-22', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x71dcf5ab0c543b026a40815350cf3f3ac8821363fa8f59f0c7d76f73dc314a90'),
	(1, 23, 23, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-23', 'I-23', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\x1b008508767a75888dcd07fcacd73dc8466901e5c0f40f04c8787b6b668c8263'),
	(1, 24, 24, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-24', 'I-24', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\xe06fb9fc2a7701fec2c91d5bc6b0cf3e98b01d485c66901490e7b9025e30b330'),
	(1, 25, 25, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-25', 'I-25', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\x8f920acc8fde187926db2cac22ade3580232f26f7e621c559789eba7f03c4e5a'),
	(1, 26, 26, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-26', 'I-26', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x6ce7a5ab33703a4af6efc5850b6a1092d97dc632226d4731858ee0f08aba7716'),
	(1, 27, 27, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-27', 'I-27', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\x67c8b9d520aa915855b0de96fd92819a2becd078c0f9cdc0f21d951d95f36d83'),
	(1, 28, 28, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-28', 'I-28', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\xa857e05d39318cdad7011f2babbca917bdb21a2da364e858cb65304f32c1d561'),
	(1, 29, 29, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-29', 'I-29', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\xa9903cb5f3efd1bc82f61b0ae6554ab3252cbb05f2bcbcfa3e84a0017c42c020'),
	(1, 3, 3, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-3', 'I-3', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\x781a0251c395980bb51367242bc9e27287c9b80f496c67ecfc053b4bbed6bd5b'),
	(1, 4, 4, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-4', 'I-4', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\x8af1200b6e21c0c1e1f453091285a4efecbfced00c6862fadeb2099172486618'),
	(1, 5, 5, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-5', 'I-5', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\xdd946d22218647e22e5e0cc1a883a13404cc97561fe604f6934c6621884da52e'),
	(1, 6, 6, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-6', 'I-6', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x30e6a68b0ad221c56edc97e1d387414604c24aff9db309d15bb2784c51f7c3cc'),
	(1, 7, 7, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-7', 'I-7', 'gb.la:122', 'the Code', '{"hygiene": 15, "confidence": 5, "structural": 5}', '\xb442094f8f8acc3ff9a7d4a4377d2ab2a1e1ccf5a2c382046d6c50340d72509e'),
	(1, 8, 8, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-8', 'I-8', 'gb.la:122', 'the Code', '{"hygiene": 0, "confidence": 5, "structural": 5}', '\xf8a028a338a89b01579892e398cff93b1d9db530c4eeb82df65f41576be6dc0c'),
	(1, 9, 9, 'gb.fsa', 'food.inspection', '2026-03-01', NULL, NULL, 'I-9', 'I-9', 'gb.la:122', 'the Code', '{"hygiene": 5, "confidence": 5, "structural": 5}', '\x0f42ac9c4b5dddec5a5c31fbdaa6987c9dcb6ffa1fde3f9f1ce8da8dc9497feb'),
	(2, 6, 28, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-28', 'J-28', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x0d100cc7203b37f68677ebafb419ef11cca36bf62188d2738f96e0125cfce611'),
	(2, 7, 29, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-29', 'J-29', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\xac46a2e16957b7efe13460390de206f24a9d670c7a15c0bd66b627587dd3a401'),
	(2, 8, 30, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-30', 'J-30', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x206a0c6bea38afb947d234e2ba019a86bb014f85fc031e5efd45d3aa04546763'),
	(2, 9, 31, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-31', 'J-31', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x647f080999caeccc454d7b6129b81358b2c3e5d14fd95be32e54dc5ceec5de82'),
	(2, 10, 32, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-32', 'J-32', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x4bb8159eb98c77e0eb3959e3130cd6d26b8a5c3d015a84491e838dcaa58491fe'),
	(2, 11, 33, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-33', 'J-33', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x1df57ab90c898d244b2216f99a043642c094216cd96d5ea0b401d2d29519d482'),
	(2, 12, 34, 'gb.fsa', 'food.inspection', '2026-05-01', NULL, NULL, 'J-34', 'J-34', 'gb.la:122', 'the Code', '{"hygiene": 10, "confidence": 5, "structural": 5}', '\x41fab17ccca85427c061e3dfba18f8bc376b095736a4aaa769496b513bb71d25');
INSERT INTO public.refusal VALUES
	(1, 1, 30, 'hygiene', '7', 'one of 0, 5, 10, 15, 20, 25');
INSERT INTO public.run OVERRIDING SYSTEM VALUE VALUES
	(1, 'uk-food-hygiene', '5311b2a3b75a42b4f8790b682b570838b3afa5d916bd0a03551f2f8b9fb3f9c5', '2026-10-01', 34, '{"graded": 34}', '2026-11-22 16:39:24.443364+00');
INSERT INTO public.standing VALUES
	(1, 1, 'graded', 15, '5', NULL, NULL),
	(1, 10, 'graded', 20, '4', NULL, NULL),
	(1, 11, 'graded', 25, '2', NULL, NULL),
	(1, 12, 'graded', 10, '5', NULL, NULL),
	(1, 13, 'graded', 15, '5', NULL, NULL),
	(1, 14, 'graded', 20, '4', NULL, NULL),
	(1, 15, 'graded', 25, '2', NULL, NULL),
	(1, 16, 'graded', 10, '5', NULL, NULL),
	(1, 17, 'graded', 15, '5', NULL, NULL),
	(1, 18, 'graded', 20, '4', NULL, NULL),
	(1, 19, 'graded', 25, '2', NULL, NULL),
	(1, 2, 'graded', 20, '4', NULL, NULL),
	(1, 20, 'graded', 10, '5', NULL, NULL),
	(1, 21, 'graded', 15, '5', NULL, NULL),
	(1, 22, 'graded', 20, '4', NULL, NULL),
	(1, 23, 'graded', 25, '2', NULL, NULL),
	(1, 24, 'graded', 10, '5', NULL, NULL),
	(1, 25, 'graded', 15, '5', NULL, NULL),
	(1, 26, 'graded', 20, '4', NULL, NULL),
	(1, 27, 'graded', 25, '2', NULL, NULL),
	(1, 28, 'graded', 20, '4', NULL, NULL),
	(1, 29, 'graded', 20, '4', NULL, NULL),
	(1, 3, 'graded', 25, '2', NULL, NULL),
	(1, 30, 'graded', 20, '4', NULL, NULL),
	(1, 31, 'graded', 20, '4', NULL, NULL),
	(1, 32, 'graded', 20, '4', NULL, NULL),
	(1, 33, 'graded', 20, '4', NULL, NULL),
	(1, 34, 'graded', 20, '4', NULL, NULL),
	(1, 4, 'graded', 10, '5', NULL, NULL),
	(1, 5, 'graded', 15, '5', NULL, NULL),
	(1, 6, 'graded', 20, '4', NULL, NULL),
	(1, 7, 'graded', 25, '2', NULL, NULL),
	(1, 8, 'graded', 10, '5', NULL, NULL),
	(1, 9, 'graded', 15, '5', NULL, NULL);
INSERT INTO public.world VALUES
	(1, 'real', NULL, '770fd37cac7eb83c29d98b9328de71db707661e18bc17fb0b73d69ea9990d77d', '2bc44aa8864a596aae9608507af6b564', '4b2f3e4261554ae00fd132d316212f913ad16aa2bb33ed8a4078fb4787e257c7', '2026-11-22 16:39:23.736441+00');
SELECT pg_catalog.setval('public.access_number_seq', 1, true);
SELECT pg_catalog.setval('public.policy_number_seq', 1, true);
SELECT pg_catalog.setval('public.run_number_seq', 1, true);
