/**
 * The words that attacks on a model are made of, by concept, in the languages that we cover. A word that ends in * is a
 * stem; several words stand for the phrase. Written in natural spelling: the normaliser folds them as it folds texts.
 */

/** Latin script: English, German, French, Spanish, Italian, Portuguese, Dutch, Turkish, Polish, Swedish, Indonesian. */
const LATIN = {
  ignore:
    'ignor* disregard* forget override overriding overrule overwrite bypass bypassing circumvent* neglect unlearn* dismiss nullify ' +
    'set_aside pay_no_attention take_no_notice do_not_follow don’t_follow stop_following ' +
    'ignorier* vergiss vergesse* missachte* verwirf überschreib* umgeh* lass_alle außer_acht nicht_beachten beachte_nicht ' +
    'oublie oubliez oublier néglige* contourne* faites_abstraction ne_tenez_pas_compte ne_tiens_pas_compte passe_outre passez_outre ' +
    'olvida olvide olviden olvídate omite omita descarta descarte haz_caso_omiso haga_caso_omiso no_hagas_caso pasa_por_alto ' +
    'dimentica dimenticate dimenticare trascura* tralascia* scorda esqueça esquece esquecer desconsidere desconsidera ' +
    'negeer negeren vergeet yoksay yok_say görmezden unut unutun dikkate_alma zignoruj* ignoruj* zapomnij pomiń bortse glöm abaikan lupakan bỏ_qua quên kalimutan huwag_pansinin balewalain ignorera ignorati ignora_tutto',
  drop: 'skip drop discard delete remove clear reset cancel stop erase',
  prior:
    'previous previously prior above earlier preced* before foregoing initial original former aforementioned existing given_so_far so_far until_now ' +
    'vorherig* vorig* bisherig* obig* früher* ursprünglich* vorangegangen* vorstehend* vorher zuvor oben précédent* antérieur* préalable* ci-dessus ' +
    'avant anterior* previo* previa* previament* arriba precedent* iniziali iniciais iniciales initiaux vorige voorgaande eerdere bovenstaande ' +
    'önceki yukarıdaki poprzedni* wcześniejsz* tidigare föregående sebelumnya trước_đó phía_trên nakaraan naunang mga_nakaraang',
  every:
    'all any every everything anything whatever alle alles sämtliche* toutes tous tout todas todos todo tutte tutti tutto alla tüm bütün wszystkie wszystko semua',
  everything: 'everything alles alle_dinge tout todo tutto tudo wszystko semuanya hepsini her_şeyi allt',
  instruction:
    'instruct* instruc* directive* directions guideline* guidance prompt prompts commands orders preprompt pre-prompt anweisung* instruktion* vorgabe* richtlinie* befehl* direktiv* ' +
    'consigne* ordres directives órdenes directriz directrices istruzion* direttiv* comandi ordini ordens comandos diretriz* instrução instruções opdracht* aanwijzing* richtlijn* ' +
    'talimat* komut* yönerge* polecen* instrukcj* wytyczn* instruksi perintah hướng_dẫn chỉ_dẫn chỉ_thị tagubilin panuto görevler*',
  rule:
    'rule rules policy policies restriction* limitations constraint* safeguard* guardrail* programming training protocol* alignment censorship ' +
    'regel regeln vorschrift* programmierung règle règles regla reglas regole regra regras regels kural kurallar* zasad* regler aturan quy_tắc mga_panuntunan patakaran',
  restriction:
    'restriction* restricted limitations limitless censor* ethic* moral* guideline* safety safeguard* guardrail* law laws legality ' +
    'constraint* boundar* norms confines inhibition* einschränkung* beschränkung* ethisch* zensur filtre* éthique* censure restric* ética* filtros censura ' +
    'restrizion* limitazion* filtri etica restriç* beperking* kısıtlama* sınırlama* filtre ogranicze* pembatasan',
  negation:
    'no not without never none dont don’t doesnt doesn’t isnt isn’t arent aren’t cannot can’t cant won’t wont nor neither nothing zero lack lacks exempt* unbound freed liberated ' +
    'ohne kein* nie niemals nicht sans aucun* jamais pas sin ningún* ninguna* nunca senza nessun* mai non sem nenhum* não zonder geen nooit niet olmadan asla bez żadnych nigdy tanpa',
  free: 'no_longer need_not are_not_bound not_bound aren’t_bound free_from free_of freed_from broken_free break_free bypass* disabled removed lifted suspended turned_off exempt',
  you: 'you your you’re youre yourself yours u ur du dein* ihr ihre* dir tu ton ta tes vous votre vos tú tus su sus usted tuo tua tuoi tue seu sua seus suas você voce jij je jouw uw sen senin siz twoj* twój* kamu anda',
  reveal:
    'reveal* show print repeat output display disclose* leak expose recite dump divulge tell give share provide paste copy return echo spell list summari* encode translate quote write what whats what’s ' +
    'console.log zeig* verrat* wiederhol* gib nenn* druck* offenbar* révèle* montre* affiche* répète* répét* donne* imprime* divulgue* quel quelles quels ' +
    'revela* revele* muestra* muéstra* mostra* repite* repita imprima* dime dame cuál cuáles rivela* ripeti* stampa* dimmi quali toon onthul* herhaal* geef göster* açıkla* tekrarla* yazdır* nedir pokaż* ujawnij powtórz wypisz tampilkan ulangi',
  system:
    'system system’s hidden secret initial original internal confidential developer developer’s starting start base setup underlying systemprompt initialization initialisation system_prompt ' +
    'system-prompt système sistema systeem sistem systemowy iniciales iniciais initiales ursprüngliche* interne* internal',
  message:
    'prompt prompts message messages instruct* instruc* directive* directions configuration config settings rules string guideline* context systemprompt anweisung* consigne* istruzion* instrução instruções talimat* mesaj* invite configuración',
  verbatim:
    'verbatim word_for_word literally in_full word-by-word code_block codeblock wortwörtlich wörtlich textuellement mot_pour_mot palabra_por_palabra parola_per_parola palavra_por_palavra woordelijk kelimesi_kelimesine',
  given: 'given told instructed received programmed dit diste dicho detto disse gesagt',
  text: 'text words message messages content line lines conversation chat paragraph sentence everything anything input',
  persona:
    'act_as act_like acting_as pretend* roleplay* role-play* role_play role_of your_role simulat* impersonat* persona your_character play_a become_a behave_as behave_like embody you_are_now you’re_now you_will_now from_now_on from_this_point henceforth you_are_going_to play_the_part take_on ' +
    'du_bist_jetzt ab_jetzt ab_sofort von_nun_an tu_so_als spiele tu_es_maintenant désormais à_partir_de_maintenant fais_semblant agis comporte-toi a_partir_de_ahora ahora_eres eres actúa finge ' +
    'd’ora_in_poi da_ora fingi agisci comportati sei_ora a_partir_de_agora agora_você_é agora_voce_e aja finja vanaf_nu doe_alsof je_bent_nu bundan_sonra artık gibi_davran od_teraz udawaj mulai_sekarang berpura-pura',
  unrestricted:
    'unrestricted* uncensored unfiltered unfilteredly unmoderated rebel* anti-gpt unlimited jailbr* amoral immoral unethical unaligned unshackled unchained uninhibited unhinged lawless devmode god_mode godmode evil_mode do_anything_now ' +
    'anarch* anything_goes uneingeschränkt* unzensiert* ungefiltert* unbeschränkt* sans_filtre sans_restriction sans_limite sin_censura sin_filtro sin_restricciones senza_censura senza_filtri sem_censura sem_filtro ongefilterd ongecensureerd sansürsüz sınırsız filtresiz nieograniczony',
  dan: 'do_anything_now dan_mode jailbreak_mode god_mode godmode mach_alles_jetzt',
  refuse:
    'refus* decline apologi* sorry disclaimer* moraliz* moralis* lectur* as_an_ai ablehn* verweiger* refuser rechaz* negarte rifiut* recus* weiger* reddet* odmaw*',
  obey: 'obey* comply complies follow adher* abide gehorch* befolg* obéi* obedec* cumpl* obbedi* segui* seguir suivre suis folg* volg* uy takip',
  mode: 'mode modus modo modalità mod',
  authority:
    'developer dev admin admins administrator* root sudo creator openai anthropic debug maintenance diagnostic test override jailbreak dan god opposite evil unrestricted anarchy entwickler* administrador* développeur* desarrollador* sviluppator* desenvolvedor* ontwikkelaar* geliştirici*',
  enable:
    'enable enabled enter entering activate activated activating engage aktiviere* aktiviert activ* attiva* ativ* active activez etkin* aktif',
  new: 'new updated following neue* nouvel* nouveau* nuev* nuov* novas nova novo nieuwe yeni nowe nowy baru ny',
  task: 'task tasks instruct* instruc* directive* objective goal rule rules anweisung* aufgabe* tâche tarea tareas compito istruzion* tarefa taak görev talimat* zadanie regel* règles reglas',
  creds:
    'password* passwd credential* api_key api_keys secret_key secret_keys secrets access_token access_tokens ssh_key private_key private_keys id_rsa .env environment_variables cookies conversation chat_history inbox ' +
    'passwort kennwort mot_de_passe contraseña clave_secreta senha wachtwoord parola şifre hasło',
  send: 'send sends post upload forward forwards transmit exfiltrat* submit leak curl email schick* sende* envoie envoyez envía envia* invia stuur gönder* wyślij kirim',
  destination: 'http https www ftp webhook attacker',
  run: 'call invoke execute run trigger use rufe führe aus appelle exécute ejecuta llama esegui chiama execute chame voer çalıştır',
  tool: 'tool tools function plugin curl wget command shell script werkzeug outil herramienta strumento ferramenta araç',
  tell: 'tell inform mention notify alert reveal show say disclose ask warn let report explain sag sage erwähne informiere dis dites mentionne* informe* digas menciones dire menzionare diga mencione vertel',
  user: 'user user’s users anyone anybody nobody them human operator benutzer nutzer utilisateur usuario utente usuário gebruiker kullanıcı',
  ai: 'ai a.i assistant assistants llm llms model chatbot bot gpt gpt-4 gpt4 chatgpt claude gemini copilot agent agents ki assistent assistente asistente ia yapay_zeka',
  important:
    'important attention urgent note notice important!!! wichtig* achtung importante attenzione atención atenção belangrijk önemli ważne',
  first: 'first before must please should need immediately zuerst d’abord primero prima primeiro eerst önce',
  instead:
    'instead rather stattdessen plutôt au_lieu en_su_lugar en_cambio invece em_vez in_plaats bunun_yerine zamiast',
  answer:
    'answer* respond* reply replies response* say saying output print state write generate answering finishing continuing proceeding solving using calling antwort* répond* respond* rispond* resposta antwoord cevap* odpowied*',
  document:
    'document webpage website page article email e-mail message resume code text summary context seite page artikel dokument',
  hypothetical:
    'hypothetical* hypothetic* imagine suppose if fictional fiction story game novel scenario hypothetisch* hypothétique* hipotétic* ipotetic*',
  claim:
    'i_am_your i’m_your this_is_your message_from ich_bin_dein je_suis_ton je_suis_votre soy_tu sono_il_tuo sou_seu sou_o_seu ik_ben_je ben_senin',
  stay: 'stay_in_character in_character break_character stay_as remain_in_character stop_acting in_der_rolle',
  twice: 'two_responses two_answers two_ways both_responses [classic] two_different_ways two_paragraphs',
} as const

export type Concept = keyof typeof LATIN

/** Scripts in which words are found as substrings: Russian, Chinese, Japanese, Korean, Arabic, Hindi, and some others. */
const OTHERS: Partial<Record<Concept, string>> = {
  ignore:
    'игнорир проигнорир ไม่ต้องสนใจ อย่าไปสนใจ เพิกเฉย ลืม परवाह_किए_बिना इग्नोर_ забуд забыв не_обраща отмени_все 忽略 无视 無視 忘记 忘記 忘れて 不要理会 不理会 跳过之前 무시 잊어 잊고 تجاهل انس_ انسى تغاضى नज़रअंदाज़ नजरअंदाज अनदेखा अनदेखी उपेक्षा भूल_जा इग्नोर উপেক্ষা ভুলে_যা',
  drop: 'skip drop discard delete remove clear reset cancel void stop erase',
  prior:
    'предыдущ прежн выше ранее прошлы 之前 以前 先前 上述 上面 以上 前面 此前 이전 위의 앞의 앞서 지금까지 これまで 前の 上記 السابق أعلاه قبل पिछल पहले पूर्व ऊपर उपरोक्त पूर्ववर्ती আগের উপরের পূর্ববর্তী ก่อนหน้า ด้านบน ข้างต้น ทั้งหมดก่อน',
  every: 'все_ всё любые 所有 一切 全部 任何 모든 모두 すべて 全て جميع كل सभी सब_ সব সমস্ত',
  everything: 'всё все_что 一切 所有 全部 すべて 全て 모든_것 모두 كل_شيء كل_ما सब_कुछ সবকিছু ทุกอย่าง',
  instruction:
    'инструкц указани команд директив промпт 指令 指示 说明 提示 命令 指導 지시 지침 명령 프롬프트 プロンプト التعليمات تعليمات الأوامر أوامر توجيهات التوجيهات निर्देश आदेश अनुदेश নির্দেশ คำสั่ง คำแนะนำ คําสั่ง คําแนะนํา',
  rule: 'правил ограничен фильтр 规则 規則 限制 政策 规定 ルール 制限 규칙 제한 정책 القواعد قواعد القيود قيود नियम प्रतिबंध নিয়ম',
  restriction:
    'ограничен цензур фильтр этик этическ морал 限制 审查 道德 伦理 约束 規制 倫理 제한 검열 윤리 قيود رقابة أخلاق प्रतिबंध सेंसर नैतिक',
  negation: 'без никак нет_ не_ 没有 不受 无需 不要 沒有 なし ない せず 없는 없이 않 بدون بلا دون لا_ बिना नहीं কোন_ ছাড়া',
  you: 'твой твои ваш тебе ты_ вы_ 你 您 あなた 당신 너의 네_ أنت لك आप तुम तुम्हार আপনি আপনার',
  reveal:
    'покажи раскрой выведи повтори сообщи напечатай какой каков 显示 透露 告诉 输出 打印 重复 揭示 展示 什么 教えて 表示 出力 見せて 보여 알려 출력 공개 말해 أظهر اكشف اعرض أخبر كرر ما_هي ما_هو दिखा बता प्रकट दोहरा क्या প্রকাশ দেখান বলুন',
  system:
    'системн скрыт исходн первоначальн 系统 系統 隐藏 初始 システム 初期 시스템 초기 النظام نظام الأصلية सिस्टम प्रणाली मूल',
  message:
    'промпт инструкц сообщени 提示 指令 消息 プロンプト メッセージ 指示 프롬프트 메시지 지침 موجه رسالة تعليمات التعليمات प्रॉम्प्ट निर्देश संदेश',
  persona:
    'притвор представь ты_теперь теперь_ты отныне с_этого_момента веди_себя 假装 扮演 你现在是 从现在开始 从现在起 現在你是 ふりをして 演じて 今からあなたは これから 지금부터 척해 역할을 행동해 تظاهر من_الآن أنت_الآن تصرف_ك दिखावा अब_से आप_अब अभिनय',
  unrestricted:
    'без_ограничен без_цензур неограничен 无限制 不受限制 不受任何限制 没有限制 没有任何限制 無制限 制限なし 무제한 제한_없 제한이_없 검열되지 بلا_قيود بدون_قيود غير_مقيد बिना_किसी_प्रतिबंध बिना_प्रतिबंध अप्रतिबंधित',
  creds:
    'парол секретн ключ 密码 密碼 密钥 パスワード 秘密鍵 비밀번호 비밀_키 كلمة_المرور المفتاح_السري पासवर्ड गुप्त_कुंजी পাসওয়ার্ড',
  obey: 'следова подчин обяза 必须 遵守 服从 必ず 従って 반드시 따라 يجب اتبع अवश्य पालन',
  new: 'новые новая новое 新的 新指令 新しい 새로운 جديد नए नया नई',
  task: 'задани задач инструкц 任务 指令 タスク 指示 작업 임무 지시 مهمة تعليمات कार्य निर्देश',
  mode: 'режим 模式 モード 모드 وضع मोड',
  authority:
    'разработчик администратор отладк 开发者 開發者 管理员 開発者 管理者 개발자 관리자 مطور المطور مسؤول डेवलपर विकासक প্রশাসক',
  enable: 'включ активир 启用 进入 激活 有効 활성 تفعيل सक्षम सक्रिय',
  refuse: 'отказыва 拒绝 拒否 거부 거절 ترفض رفض इनकार मना',
  claim: 'я_твой я_ваш 我是你的 作为你的 私はあなたの 나는_당신의 나는_너의 أنا_مطور أنا_مسؤول मैं_आपका',
  send: 'отправь отправьте 发送 送信 보내 أرسل भेज',
  instead: 'вместо_этого 而是 改为 代わりに 대신 بدلا इसके_बजाय',
}

/** Words of the concept that are written in Latin script. */
export function latinWords(concept: Concept): readonly string[] {
  return words(LATIN[concept])
}

/** Substrings of the concept in other scripts. */
export function otherWords(concept: Concept): readonly string[] {
  return words(OTHERS[concept] ?? '')
}

export const CONCEPTS = Object.keys(LATIN) as readonly Concept[]

function words(list: string): string[] {
  return list
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('_', ' '))
}
