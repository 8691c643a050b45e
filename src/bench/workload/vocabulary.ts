/** Short everyday words: most tokenizers have one token for each with the space before it. */
export const vocabulary: readonly string[] = `
time year people way day man thing woman life child world school state family student group country problem hand
part place case week company system program question work number night point home water room mother area money
story fact month lot right study book eye job word business issue side kind head house service friend father power
hour game line end member law car city community name team minute idea body back parent face level office door
health person art war history party result change morning reason research girl guy moment air teacher force
education foot boy age policy music market sense nation plan college interest death course experience effect use
class control field development role effort rate heart drug show leader light voice wife police mind price report
decision son view relationship town road arm difference value building action season society tax director position
player record paper space ground form support event official matter center couple site project base activity star
table court need oil situation cost industry figure street image phone data picture practice piece land product
doctor wall worker news test movie north love step baby computer type attention film tree source hair look choice
nature color board south risk window chance dream green blue small large early young public able bad big black
white long little own other old great high different next few same local sure low clear hard cold warm deep soft
fast slow open free full simple strong quiet bright heavy dark fresh dry wet wide narrow round flat sharp calm
ask seem feel try leave call keep let begin help talk turn start run move like live believe hold bring happen
write provide sit stand lose pay meet include continue set learn lead understand watch follow stop create speak
read allow add spend grow walk win offer remember consider appear buy wait serve die send expect build stay fall
cut reach kill remain suggest raise pass sell require decide pull`
  .trim()
  .split(/\s+/)
