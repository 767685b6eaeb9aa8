/** What can be done about it, by the text of the tag `said`. */
export const TOLD_HINTS = {
  'list the instances': '请列出实例',
  'list the nodes': '请列出节点',
  'list the releases': '请列出发布包',
  'unpack it and pack it again with "tar czf NAME.tar.gz …"': '请解包后用 "tar czf NAME.tar.gz ..." 重新打包',
  'put a jar into a tar archive: "tar czf NAME.tar.gz app.jar"; unpack a zip and pack it again with tar':
    '请把 jar 放入 tar 归档："tar czf NAME.tar.gz app.jar"；zip 请解包后用 tar 重新打包',
  'put it into a tar archive: "tar czf NAME.tar.gz PROGRAM"':
    '请放入 tar 归档："tar czf NAME.tar.gz PROGRAM"',
  'give its address with the fingerprint, https://host:15872#sha256:…, as sgridnext logs it and keeps it in <stateDir>/address':
    '请给出带指纹的地址 https://host:15872#sha256:...，见 sgridnext 日志与 <stateDir>/address',
  'list the tokens': '请列出 token',
  'list the log files again': '请重新列出日志文件',
  'list its log files; every instance has "{0}"': '请列出其日志文件；每个实例都有「{0}」',
  'see "sgrid get rollouts"': '见 "sgrid get rollouts"',
  'see "sgrid config list"': '见 "sgrid config list"',
  'see "sgrid rollout status {0}"': '见 "sgrid rollout status {0}"',
  'try again': '请重试',
  'try again in {0} s, with the right one': '请在 {0} 秒后用正确的重试',
  'try again when their nodes are back, or remove those nodes': '请待其节点恢复后重试，或移除这些节点',
  'give one of the two other ports: sgrid service update {0} --ports FROM-TO':
    '请给两者之一换端口：sgrid service update {0} --ports FROM-TO',
  'choose another port': '请选择其他端口',
  'choose other ports': '请选择其他端口',
  'choose another name': '请选择其他名称',
  'choose another name, since events tell of the one that had it; or rotate it':
    '请选择其他名称，因为事件中记有原来的那个；或轮换它',
  'choose another node, or a wider plan': '请选择其他节点，或扩大端口规划',
  'choose another node, or "sgrid node uncordon {0}"': '请选择其他节点，或 "sgrid node uncordon {0}"',
  'choose another driver, or auto': '请选择其他驱动，或 auto',
  'choose a value in this range': '请选择此范围内的值',
  'leave it out to get the next free one': '不填则取下一个空闲的',
  'name one, or give the service a plan: sgrid service update {0} --ports 8080-8099':
    '请指定一个，或给服务端口规划：sgrid service update {0} --ports 8080-8099',
  'type it to confirm: --confirm {0}': '输入它以确认：--confirm {0}',
  'type it to confirm: {0}': '输入它以确认：{0}',
  'type {0} to confirm': '输入 {0} 以确认',
  'use a token with the role {0}': '请使用角色为 {0} 的 token',
  'ask an admin for another one': '请向 admin 申请新的',
  'pass the one that the master wrote at its first start: --token-file <stateDir>/tokens/<role>.token':
    '请使用 master 首次启动时写入的：--token-file <stateDir>/tokens/<role>.token',
  'check that the token file belongs to this master, and that the token was not rotated or revoked':
    '请确认 token 文件属于本 master，且 token 未被轮换或吊销',
  'check the path behind --token-file or SGRID_TOKEN_FILE': '请检查 --token-file 或 SGRID_TOKEN_FILE 的路径',
  'make another one first: without it nobody could make tokens any more':
    '请先新建一个：没有它就无人能新建 token',
  'make another one: each lets one node join': '请再建一个：每个只让一个节点加入',
  'tokens are for one user: get one of your own': 'token 只供一人使用：请申请自己的',
  'use a token of its own for each node, or set nodeIndex right':
    '请给每个节点各自的 token，或正确设置 nodeIndex',
  'use 1 to 128 letters, digits, "-" or "_", not starting with "-" or "_", and not {0}':
    '请用 1 到 128 个字母、数字、"-" 或 "_"，不以 "-" 或 "_" 开头，且不是 {0}',
  'it must hold one token and nothing else': '其中只能有一个 token',
  'put the token into it, on one line': '请把 token 写入其中，占一行',
  'name the file itself, for example operator.token': '请指明文件本身，例如 operator.token',
  'wait until it has ended (sgrid rollout status {0} --wait), or end it: sgrid rollout abort {1}':
    '请等它结束（sgrid rollout status {0} --wait），或结束它：sgrid rollout abort {1}',
  'wait until it has ended, or abort it': '请等它结束，或中止它',
  'wait until it has, or abort it': '请等它结束，或中止它',
  'wait until it has ended, or end it: sgrid rollout abort {0}':
    '请等它结束，或结束它：sgrid rollout abort {0}',
  'end it: sgrid rollout abort {0}': '结束它：sgrid rollout abort {0}',
  'to take back what it did: sgrid rollback': '要撤销它所做的：sgrid rollback',
  'it is resumed at the next attempt': '下次尝试时继续',
  'it is resumed when the agent is back': 'agent 恢复后继续',
  'leave it out': '请去掉它',
  'drain the node again': '请再次排空该节点',
  'choose instances of one service': '请选择同一服务的实例',
  'restart the instances of one service at a time': '请一次只重启一个服务的实例',
  'take back a rollout that put a release on instances; see "sgrid get rollouts"':
    '请撤回一个给实例换过版本的发布任务；见 "sgrid get rollouts"',
  'none of its instances was changed, or had a release before; name a version instead':
    '其实例均未改动，或此前没有版本；请改为指定版本',
  'deploy a release on it': '请给它部署一个版本',
  'deploy {0} on them': '请给它们部署 {0}',
  'deploy one first': '请先部署一个',
  'deploy the release again': '请重新部署该版本',
  'deploy another release there first': '请先在其上部署其他版本',
  'prepare the release first': '请先准备该版本',
  'create it first': '请先创建它',
  'create it first, or see "sgrid get services" for how it is written':
    '请先创建它，或用 "sgrid get services" 查看正确写法',
  'none of them could ever be started; leave one of these dependencies out':
    '它们都将无法启动；请去掉其中一个依赖',
  'take one of them off dependsOn': '请从 dependsOn 中去掉其一',
  'allowed is what its processes use now and above; or stop the instance first':
    '只能设为不低于其进程现用的值；或先停止实例',
  'remove them first, or use force and type the name of the service':
    '请先删除它们，或强制执行并输入服务名称',
  'remove them first; when its machine is lost, use force and type the alias of the node':
    '请先删除它们；若机器已丢失，请强制执行并输入节点别名',
  'remove them: sgrid instance remove {0}': '删除它们：sgrid instance remove {0}',
  'they go when their nodes are connected': '其节点连接后它们会被删除',
  'drain it, remove its instances and stop its agent first, or it would register itself again':
    '请先排空它、删除其实例并停止其 agent，否则它会再次注册',
  'cordon it first': '请先封锁它',
  'its services go on running; check the agent on that machine (sgridnode) and its way to the master':
    '其服务继续运行；请检查该机器上的 agent（sgridnode）及其到 master 的网络',
  'it may have taken effect; look again when the node is back': '可能已生效；节点恢复后请再查看',
  'it is recorded, and will be applied when the node answers again': '已记录，待节点恢复应答后生效',
  'start an agent with this nodeIndex; it registers itself': '请用此 nodeIndex 启动 agent；它会自行注册',
  'stop the agent on the machine that is to give way, then try again':
    '请停止要让出的那台机器上的 agent，然后重试',
  'give this agent another nodeIndex and a state directory of its own':
    '请给此 agent 另一个 nodeIndex 和独立的状态目录',
  'give this agent another nodeIndex and a state directory of its own; if its machine was really replaced, allow it with "sgrid node replace {0}"':
    '请给此 agent 另一个 nodeIndex 和独立的状态目录；若机器确已更换，用 "sgrid node replace {0}" 允许',
  'that agent is broken, or not what it should be: look at its machine': '该 agent 异常：请查看其机器',
  'if this master was restored and the node is right, "sgrid node adopt {0}" takes it up':
    '若本 master 由备份恢复且节点无误，用 "sgrid node adopt {0}" 纳管',
  'it goes on running as it is; deploy a release on it from here once it is removed there':
    '它照常运行；在那边删除之后再从这里部署',
  'upgrade {0} on its machine with "./deploy.sh upgrade {1}"':
    '请在其机器上用 "./deploy.sh upgrade {1}" 升级 {0}',
  'it is older than what asked for this: upgrade it': '它比请求方旧：请升级',
  // Instances and programs.
  '"sgrid resolve {0} --kill" ends all that is found of it (group {1}), --ended says that nothing of it runs any more; what was known of it is in {2}':
    '"sgrid resolve {0} --kill" 终止找到的全部进程（cgroup {1}），--ended 表示已无进程运行；已知情况记在 {2}',
  '"sgrid resolve {0} --kill" ends them; or end them by hand first':
    '用 "sgrid resolve {0} --kill" 终止它们；或先手动终止',
  'end its processes by hand, if there are any, and then "sgrid resolve {0} --ended"':
    '请手动终止其进程（若有），然后 "sgrid resolve {0} --ended"',
  '{0} has not said that it did: is it stopped, or the disk full? It is ended as soon as that says more':
    '{0}未告知已结束：它被暂停了，还是磁盘已满？一有消息即告结束',
  'look at process {0}: is it stopped, or the disk full?': '请查看进程 {0}：它被暂停了，还是磁盘已满？',
  "look at the instance's log and its limits": '请查看实例的日志与限额',
  'it hangs in the kernel, for example on a dead disk or network file system; it is tried again, and will end when that answers':
    '它卡在内核中，例如失效的磁盘或网络文件系统；会继续尝试，待其恢复后结束',
  'a process in uninterruptible sleep (state D in ps) ends when its I/O does':
    '不可中断睡眠（ps 中状态 D）的进程在 I/O 完成后结束',
  'stop these processes first': '请先停止这些进程',
  'it comes back when the instance is started': '实例启动后恢复',
  'it was never started here, or removed long ago': '从未在此启动，或早已删除',
  'look at docker on that node, then try again; when that never comes back and nothing of the container runs any more, "sgrid resolve {0} --ended" says so, and it is forgotten':
    '请查看该节点的 docker 后重试；若它不再恢复且容器已无任何运行，用 "sgrid resolve {0} --ended" 说明，即不再跟踪',
  'look at docker on that node; it is tried again when it answers': '请查看该节点的 docker；恢复后会重试',
  'look at docker on that node; or end the container by hand, and then "sgrid resolve {0} --ended"':
    '请查看该节点的 docker；或手动终止容器，然后 "sgrid resolve {0} --ended"',
  'put {id} into dockerName, so that each instance has a container of its own':
    '请在 dockerName 中加入 {id}，使每个实例有各自的容器',
  'restart the instance: its script makes the container': '请重启实例：其脚本会创建容器',
  'look at the number of processes and free memory': '请查看进程数与空闲内存',
  'look at the number of processes, free memory and the size of arguments and environment':
    '请查看进程数、空闲内存，以及参数与环境变量的大小',
  "look at this node's directory service (nsswitch.conf)": '请查看本节点的目录服务（nsswitch.conf）',
  'make it (useradd --system), or change runAs of the service':
    '请新建它（useradd --system），或修改服务的 runAs',
  'make it, or change workingDirectory of the service': '请新建它，或修改服务的 workingDirectory',
  'run the agent as root or as {0}, or take runAs off the service':
    '请以 root 或 {0} 运行 agent，或去掉服务的 runAs',
  'let that user pass the directories above it (namei -l shows their modes)':
    '请让该用户能进入上级目录（namei -l 可查看权限）',
  'its file system may not know owners (NFS, FAT)': '其文件系统可能不支持属主（NFS、FAT）',
  'install util-linux': '请安装 util-linux',
  'name the file to run': '请指明要运行的文件',
  'name a directory': '请指明一个目录',
  'set the entry of the service to one of them': '请把服务的 entry 设为其中之一',
  'set the entry of the service, or pack the file into the root of the archive':
    '请设置服务的 entry，或把文件放在归档的根目录',
  'mend it, or set the entry of the service': '请修正它，或设置服务的 entry',
  'convert it (dos2unix) and deploy it again': '请转换换行（dos2unix）后重新部署',
  // Config files and secrets.
  'look at what changed, and do it again on top of that': '请查看改动，并在其基础上重做',
  'name an older version': '请指定更早的版本',
  'remove the file instead': '请改为删除该文件',
  'publish it again': '请重新下发',
  'publish with a restart': '请以重启方式下发',
  'mend it, or force it (--force)': '请修正，或强制（--force）',
  'put what is large into the package': '大的内容请放入软件包',
  'it was overtaken by a newer one, which is on its way': '已被更新的取代，新的正在下发',
  'move it away': '请移走它',
  'move it away, or publish the file under another name': '请移走它，或换个名称下发',
  'move it away; the agent makes the link itself': '请移走它；agent 会自行建立链接',
  'remove it, or {0}': '请删除它，或 {0}',
  'remove that one first': '请先删除那个',
  'set it again': '请重新设置',
  'set the secret again': '请重新设置该密钥',
  'set it with "sgrid config secret set", or take it out of the files':
    '请用 "sgrid config secret set" 设置，或从文件中去掉',
  'take it out of the files, and publish them': '请从文件中去掉并下发',
  'restore it from a backup: without it the secrets cannot be read': '请从备份恢复：没有它就无法读取密钥',
  'restore the file that belongs to this database, or set the secret again':
    '请恢复属于此数据库的文件，或重新设置该密钥',
  'a name has letters, digits, "_", "." and "-"; write $${secret:…} for the text itself':
    '名称由字母、数字、"_"、"." 和 "-" 组成；要写该文本本身请用 $${secret:...}',
  'make one: openssl rand -hex 32 > {0}; chmod 600 {1}': '请新建：openssl rand -hex 32 > {0}; chmod 600 {1}',
  // Packages.
  'upload it again': '请重新上传',
  'upload it under another version': '请换一个版本号上传',
  'a version never changes, not even when its release was removed: upload this under another one':
    '版本一经上传不再改变，即使发布包已删除：请换一个版本号上传',
  'a package is a tar archive, gzipped or not: `tar czf NAME.tar.gz -C DIRECTORY .`':
    '软件包是 tar 归档，可用 gzip 压缩：`tar czf NAME.tar.gz -C DIRECTORY .`',
  'a package is named by its sha256 in lower-case hex': '软件包以其小写十六进制 sha256 命名',
  'pack or copy it again; `gzip -t FILE` must pass': '请重新打包或复制；`gzip -t FILE` 须通过',
  'pack or copy it again; `tar tf FILE` must pass': '请重新打包或复制；`tar tf FILE` 须通过',
  'pack the program into it, for example `tar czf NAME.tar.gz -C DIRECTORY .`':
    '请把程序打包进去，例如 `tar czf NAME.tar.gz -C DIRECTORY .`',
  'pack without --sparse': '打包时请不要用 --sparse',
  'decompress it once with `gunzip`': '请用 `gunzip` 解压一次',
  'repack it with relative paths, plain files and links inside the tree only':
    '请重新打包：只用相对路径、普通文件和包内链接',
  'check that it was written completely': '请检查是否写完整',
  'unpack into a fresh directory': '请解包到空目录',
  'raise maxPackageBytes of the master, or make the package smaller':
    '请调大 master 的 maxPackageBytes，或减小软件包',
  'raise the limit, or pack less': '请调大上限，或减少内容',
  'ask again how much is there, or begin anew': '请再询问已有多少，或重新开始',
  'the copy on the master may be damaged: upload the package again':
    'master 上的副本可能已损坏：请重新上传软件包',
  'the download goes on when the master answers': 'master 恢复应答后继续下载',
  'free some space on that file system': '请在该文件系统上腾出空间',
  'POST /v1/services/<name>/packages?version=<label>&message=<text>':
    'POST /v1/services/<name>/packages?version=<label>&message=<text>',
  // Logs.
  'mend the regular expression, or search for it literally': '请修正正则表达式，或按原文搜索',
  'use a simpler one: nested repetitions such as (a+)+ can take for ever':
    '请用更简单的：(a+)+ 这类嵌套重复可能永不结束',
  // Machines.
  'check the owner and mode of {0}, or choose another directory': '请检查 {0} 的属主与权限，或选择其他目录',
  'see who has it with "ss -ltnp \'sport = :{0}\'", or choose another with --http-port':
    '用 "ss -ltnp \'sport = :{0}\'" 查看占用者，或用 --http-port 另选一个',
  'ports below 1024 take CAP_NET_BIND_SERVICE; choose a higher one with --http-port':
    '1024 以下的端口需要 CAP_NET_BIND_SERVICE；请用 --http-port 选更高的',
  'use 127.0.0.1, 0.0.0.0, or an address that "ip addr" shows':
    '请用 127.0.0.1、0.0.0.0 或 "ip addr" 显示的地址',
  'use business.slice, self, self/<name> or another path below the root of the cgroup tree':
    '请用 business.slice、self、self/<name> 或 cgroup 树中的其他路径',
  'wait for it to end, or stop it; the lock is {0}': '请等它结束，或停止它；锁为 {0}',
  'compare systemctl show {0} with the files in {1}': '请比较 systemctl show {0} 与 {1} 中的文件',
  'see journalctl -b _PID=1 and the rights of the agent’s user':
    '见 journalctl -b _PID=1 与 agent 用户的权限',
  'see journalctl -b _PID=1, and systemctl is-system-running':
    '见 journalctl -b _PID=1 与 systemctl is-system-running',
  'see whether process 1 is well: systemctl is-system-running':
    '请查看 1 号进程是否正常：systemctl is-system-running',
  'the group above may allow less: see the same file there': '上级 cgroup 的上限可能更低：见其中的同名文件',
  'write http://host:15872, or https://host:15872#sha256:<fingerprint> as the master prints it at its start':
    '请写 http://host:15872，或 master 启动时打印的 https://host:15872#sha256:<fingerprint>',
  'somebody may be in between; if the certificate was renewed, take the new address from the log of sgridnext':
    '可能有人居中；若证书已更新，请从 sgridnext 的日志取新地址',
  'renew it; for one that sgridnext made, remove the file, start again, and give out the new address':
    '请更新它；若由 sgridnext 生成，请删除文件后重启，并分发新地址',
  'name the PEM file of the key without a passphrase': '请指明无口令的私钥 PEM 文件',
  'name the PEM files of the certificate and of its key': '请指明证书及其私钥的 PEM 文件',
} as const;
