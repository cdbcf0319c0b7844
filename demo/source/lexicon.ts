/** Vocabulary of one language. No word contains `"`, `\` or control characters. */
export interface Lexicon {
  readonly code: string;
  /** Percentage of messages in this language. */
  readonly share: number;
  /** Function words, most frequent first. */
  readonly common: readonly string[];
  readonly prefixes: readonly string[];
  readonly stems: readonly string[];
  readonly endings: readonly string[];
  readonly names: readonly string[];
  readonly surnames: readonly string[];
  readonly space: string;
  readonly comma: string;
  readonly stops: readonly string[];
  readonly greeting: string;
  readonly closing: string;
  /** Follows date and name in the line that introduces a quoted email. */
  readonly wrote: string;
}

const list = (text: string): string[] => text.trim().split(/\s+/);

const english: Lexicon = {
  code: 'en',
  share: 52,
  common:
    list(`the to of and a in for is on that we with this you it be are I as at have by from will not our your or if
    can an has was please any which all they been would there their more up but no so what do should these when them into
    after before about also may other only us out than his her were over new just next now how could some time had its
    who still then both each here where because until while between under since through again against without`),
  prefixes: ['', '', '', 're-', 'pre-', 'non-', 'cross-', 'sub-', 'post-'],
  stems: list(`trade account market contract review settle report invest transact comply deliver process manage record
    confirm approve custom client price value risk fund bond credit debit margin book order execute broker clear desk
    portfolio hedge option swap future derive quote rate curve spread limit expose audit control police regulate disclose
    alert escalate investigate case file document attach forward mail call meet schedule present confer agenda minute
    plan budget forecast quarter cost revenue profit loss tax invoice pay receive transfer wire bank branch office region
    team staff hire train perform project deploy system server network data backup migrate test develop design build
    product service support ticket request issue problem solve answer question explain describe suggest propose decide
    agree sign negotiate offer bid tender supply ship store consult advise law legal claim insure premium cover pension
    share stock dividend merge acquire capital equity lend borrow loan mortgage deposit interest inflate currency exchange
    commodity energy metal grain power gas oil carbon freight travel flight hotel lunch dinner week month morning secure
    access password encrypt privacy consent retain archive delete restore search filter sort count measure verify valid
    check match reconcile surveil`),
  endings: list(`s ed ing er ers able ment ments ation -based -related -side -level -wide -ready -free -driven -linked
    -backed -owned -led -only`),
  names: list(`James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan
    Joseph Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Betty Mark Margaret Steven Sandra Andrew
    Ashley Joshua Kimberly Kenneth Emily Kevin Donna Brian Michelle George Carol Priya Wei Aisha Mateo Oluwaseun`),
  surnames: list(`Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez
    Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis
    Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall O'Brien Patel`),
  space: ' ',
  comma: ',',
  stops: ['.', '.', '.', '.', '.', '?', '!', ':', '...'],
  greeting: 'Dear',
  closing: 'Kind regards,',
  wrote: 'wrote:',
};

const german: Lexicon = {
  code: 'de',
  share: 15,
  common: list(`die der und in zu den das nicht von sie ist des sich mit dem dass er es ein ich auf so eine auch als an
    nach wie im für man aber aus durch wenn nur war noch werden bei hat wir was wird sein einen welche sind oder zur um
    haben einer mir über ihm diese einem ihr uns da zum kann doch vor dieser mich ihn du hatte seine mehr am denn nun
    unter sehr selbst schon hier bis habe ihre dann ihnen seiner alle wieder meine Zeit gegen vom ganz einzelnen wo muss`),
  prefixes: list(`Handels Vertrags Jahres Quartals Kunden Zins Steuer Wertpapier Risiko Haupt Neben Gesamt Vor Nach
    Zwischen Über Unter Rück Konzern Auslands`),
  stems: list(`handel vertrag prüfung liefer zahlung rechnung bericht markt preis wert konto buch bank kredit gläubiger
    schuld geschäft auftrag leistung führung verwaltung kontroll melde frist termin sitzung protokoll beschluss
    entscheidung genehmigung unterschrift angebot nachfrage kosten gewinn verlust umsatz abschluss bilanz rücklage
    vermögen anlage aktien anleihe fonds börse kurs währung wechsel sicherheit versicherung haftung schaden anspruch
    recht gesetz verordnung richtlinien aufsicht behörde gericht klage verfahren akten unterlage anhang nachricht schreib
    antwort frage lösung störung system netz daten speicher schlüssel zugang kennwort größe höhe länge übung änderung`),
  endings: list(`plan bericht stelle abteilung gesellschaft konto grenze regel frage vorlage entwurf beginn ende bedarf
    betrag leiter leiterin wesen verfahren tabelle übersicht freigabe`),
  names: list(`Jürgen Anna Lukas Käthe Björn Sabine Wolfgang Ursula Günther Monika Jörg Petra Sören Renate Klaus Ingrid
    Thomas Gisela Stefan Helga Matthias Brigitte Florian Heike Tobias Anke`),
  surnames: list(`Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter
    Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Weiß Größl Köhler`),
  space: ' ',
  comma: ',',
  stops: ['.', '.', '.', '.', '?', '!', ':'],
  greeting: 'Sehr geehrte Kolleginnen und Kollegen, liebe/r',
  closing: 'Mit freundlichen Grüßen',
  wrote: 'schrieb:',
};

const french: Lexicon = {
  code: 'fr',
  share: 12,
  common: list(`de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec été
    cette aux ont son mais comme ou si leur y dont elle deux ces peut nous tout faire sa même sans être vous ainsi très
    autres après entre sous aussi fait bien où avant lors car chaque notre votre depuis déjà toujours afin donc jamais`),
  prefixes: ['', '', 're', 'dé', 'pré', 'sur', 'sous-', 'inter', 'contre-', 'co', 'in', 'mé', 'extra', 'non-', 'auto'],
  stems: list(`march contrat livr pai factur compt rapport vérifi contrôl risqu crédit débit prêt emprunt valeur prix
    taux cours bours act oblig fond placement gest client fournis command négoci sign accord réuni présent décid approuv
    refus demand répond expliqu propos envoi transmet reç archiv supprim conserv recherch trouv mesur compar calcul
    déclar règlement loi juridiqu procédur enquêt dossier pièc annex courri messag appel réseau système donné serveur
    sauvegard sécur accès clé chiffr développ essa projet équip bureau région siège budget prévis trimestr bénéfic pert
    impôt douan transport énerg matièr échéanc préavis délai clôtur ouvertur hausse baisse évolu étud`),
  endings: list(`e es er é ée és ées ation ations ement ements ant ante eur eurs euse able ables ité ités if ive age
    ages ure ais ait ons ez ent ique iques`),
  names: list(`Élodie François Amélie Jérôme Chloé Benoît Hélène Rémi Zoé Aurélien Céline Loïc Noémie Gaël Inès Maël
    Sophie Pierre Camille Antoine Margaux Étienne Léa Théo Agnès Cédric`),
  surnames: list(`Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Lefèvre Garnier Faure Rousseau Blanchard
    Guérin Müller-Roche Chevalier François Mercier Lambert Gauthier Hébert Béranger Delaunay Noël Prévost`),
  space: ' ',
  comma: ',',
  stops: ['.', '.', '.', '.', '\u00a0?', '\u00a0!', '\u00a0:'],
  greeting: 'Bonjour',
  closing: 'Bien cordialement,',
  wrote: 'a écrit\u00a0:',
};

const russian: Lexicon = {
  code: 'ru',
  share: 8,
  common: list(`и в не на что с по как это из он но для за к мы вы его от так о же было бы у до все только если при ещё
    уже или ни чтобы их был быть вот меня нет мне себя когда даже нам во через этот после над больше тот где есть надо
    нас них какая много разве эту моя хорошо свою этой перед иногда лучше том такой им более всегда конечно всю между`),
  prefixes: list('по при про пере за вы до от раз под над у об с со без не меж сверх само'),
  stems: list(`договор постав плат счёт отчёт провер рынок цен стоим кредит займ банк риск вклад фонд акци облигаци
    бирж курс валют прибыл убыт налог бюджет план срок встреч реш соглас подпис предлож запрос ответ вопрос письм
    сообщ звон совещ протокол документ файл дел суд закон правил контрол надзор наруш расслед жалоб данн сервер сет
    систем доступ парол ключ архив храни удал поиск наход мер сравн расчёт клиент заказ товар склад груз перевоз работ
    проект отдел офис регион команд обуч развит изменен причин услов договорённост ответствен`),
  endings: list(`а у е ы ов ам ами ах ный ная ное ные ного ному ными ение ения ений ать ить ал ала али ит ят ость ости
    ность щик ка ки кой ском ская ский`),
  names: list(`Анна Иван Ольга Дмитрий Наталья Сергей Елена Алексей Мария Андрей Татьяна Пётр Юлия Владимир Ирина
    Николай Светлана Михаил Екатерина Фёдор Людмила Артём`),
  surnames: list(`Иванов Смирнова Кузнецов Попова Соколов Лебедева Козлов Новикова Морозов Волкова Соловьёв Зайцева
    Павлов Семёнова Голубев Виноградова Богданов Фёдорова Щербаков`),
  space: ' ',
  comma: ',',
  stops: ['.', '.', '.', '.', '?', '!'],
  greeting: 'Здравствуйте,',
  closing: 'С уважением,',
  wrote: 'пишет:',
};

const japanese: Lexicon = {
  code: 'ja',
  share: 7,
  common: list(`の に は を が と で た し て も れ さ ある いる する から な こと として い や など なっ ない この ため
    その よう また もの という あり まで られ なる へ か だ これ によって により おり より による ず なり られる において
    ます です ました ください います ませ けれど それ どの しかし つまり なお`),
  prefixes: list('新 再 未 全 各 総 両 本 当 最 前 現 次 副 主 諸 旧 高 低 多'),
  stems: list(`取引 市場 契約 報告 確認 承認 顧客 価格 評価 危険 資金 債券 信用 証券 株式 注文 執行 清算 帳簿 利率 限度
    監査 統制 方針 規制 開示 監視 警告 調査 案件 書類 添付 会議 予定 説明 議題 計画 予算 予測 費用 収益 損失 税金 請求
    支払 受領 送金 銀行 支店 地域 担当 採用 研修 業績 開発 設計 製品 支援 依頼 問題 回答 質問 提案 決定 合意 署名 交渉
    入札 供給 出荷 保管 相談 法務 保険 年金 配当 合併 資本 融資 預金 金利 為替 商品 電力 燃料 輸送 出張 暗号 権限 保存
    削除 復元 検索 照合 検証 測定 通知 連絡 変更 更新 継続 終了 開始 延期`),
  endings: list(
    '書 者 部 課 会 的 性 化 額 率 表 先 案 用 後 中 内 外 上 日 所 員 長 式 型 権 法 令 状 料 金 品 物 類 別',
  ),
  names: list('翔太 美咲 健一 陽菜 大輔 さくら 拓也 結衣 直樹 真由美 浩二 愛子 誠 由紀 隆 恵'),
  surnames: list('佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 清水 齋藤'),
  space: '',
  comma: '、',
  stops: ['。', '。', '。', '。', '?', '!'],
  greeting: 'お世話になっております。',
  closing: 'よろしくお願いいたします。',
  wrote: 'さんは書きました:',
};

const arabic: Lexicon = {
  code: 'ar',
  share: 6,
  common: list(`في من على إلى أن هذا التي عن مع ما هذه كان لا الذي بعد كل بين قد ذلك كما أو لم قبل غير حتى عند إذا ثم
    هو هي كانت أي لكن حيث أكثر منذ خلال يتم نحن أنتم يجب يمكن فقط أيضا نعم مثل حول دون ضد تحت فوق لدى سوف لن ليس`),
  prefixes: list('ال وال بال لل فال كال ب ل و م ت ي ن ا است مت من أ'),
  stems: list(`تجر سوق عقد سعر حسب قرض بنك خطر مال سهم سند بورص صرف عمل ربح خسر ضرب دفع قبض حول طلب عرض شرح قرر وقع
    وفق رفض سأل جوب رسل كتب قرأ ملف وثق جلس جدول خطط قدر كلف نقل شحن خزن سلم رقب فحص حقق نظم قنن شكو حكم شبك نظام بيان
    حفظ حذف بحث وجد قيس قرن عميل منتج فرع مكتب فريق درب طور غير سبب شرط موعد شهر سنه يوم ساع هاتف بريد`),
  endings: list('ة ات ون ين ان ي ية ها هم نا كم ه وا تم ته تها تنا يات يين يا'),
  names: list('محمد فاطمة أحمد عائشة علي مريم يوسف نور خالد ليلى عمر هدى حسن سلمى إبراهيم زينب'),
  surnames: list('الأحمد حداد خوري منصور العلي نجار صباغ الحسيني قاسم الشامي درويش المصري زيدان البغدادي'),
  space: ' ',
  comma: '،',
  stops: ['.', '.', '.', '.', '؟', '!'],
  greeting: 'السلام عليكم',
  closing: 'مع أطيب التحيات،',
  wrote: 'كتب:',
};

/** Languages of the generated messages; the shares add up to 100. */
export const LEXICONS: readonly Lexicon[] = [english, german, french, russian, japanese, arabic];

export const DOMAINS: readonly string[] = list(`example.com example.org mail.example.net trading.example.com
  compliance.example.com kunden.example.de handel.example.de banque.example.fr courrier.example.fr pochta.example.ru
  tokyo.example.jp dubai.example.ae brokers.example.co.uk desk7.example.com partners.example.io legal.example.eu`);

export const EMOJI: readonly string[] = list('👍 🙂 😀 🎉 🙏 ✅ ❌ 📈 📉 💰 🔥 ⚠️ 👀 🚀 😅 🤝 ☕ 🇩🇪 👩‍💻 ❤️');
