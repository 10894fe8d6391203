from __future__ import annotations

import asyncio
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tests.docs.blocks import DOCS, run_blocks
from tests.serving import api_server

from kubewright import ObjectMeta
from kubewright.client import Client

PAGE = "coming-from-controller-runtime.md"


async def until_ready(user: Client, code: dict[str, Any], name: str) -> None:
    website, spec = code["Website"], code["WebsiteSpec"]()
    await user.create(website(metadata=ObjectMeta(name=name, namespace="default"), spec=spec))
    async with asyncio.timeout(10), user.watch(website, field_selector={"metadata.name": name}) as events:
        async for event in events:
            if event.object.status.ready:
                return


async def test_both_operators_of_the_page_run() -> None:
    code: dict[str, Any] = {"__name__": "website_operator"}
    assert run_blocks(PAGE, "kubewright", code) == 2
    async with api_server() as server:
        user = server.client()
        async with code["op"].running(server.client(), install=True):
            await until_ready(user, code, "a")
        stop = asyncio.Event()
        running = asyncio.create_task(code["assembled"](server.client()).run(stop))
        await until_ready(user, code, "b")
        stop.set()
        await running


def test_every_name_that_the_page_mentions_exists() -> None:
    names = set(re.findall(r"`(kubewright(?:\.\w+)+)", (DOCS / PAGE).read_text()))
    assert len(names) > 15
    for name in names:
        room, _, last = name.rpartition(".")
        assert hasattr(import_module(room), last) or find_spec(name), name


def test_every_feature_there_is_spoken_of() -> None:
    """The names are those of controller-runtime 0.25: options, methods and packages that a user may look for."""
    text = (DOCS / PAGE).read_text()
    missing = [name for name in FEATURES.split() if not re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![a-z])", text)]
    assert missing == []


FEATURES = """
    Add Elected AddMetricsServerExtraHandler AddHealthzCheck AddReadyzCheck GetWebhookServer GetLogger
    GetControllerOptions GetConverterRegistry GetHTTPClient GetConfig GetCache GetScheme GetClient GetFieldIndexer
    GetEventRecorder GetRESTMapper GetAPIReader HealthProbeBindAddress ReadinessEndpointName LivenessEndpointName
    PprofBindAddress BaseContext GracefulShutdownTimeout ReleaseOnCancel LeaderElectionID LeaderElectionLabels
    LeaderElectionConfig LeaderElectionResourceLockInterface LeaseDuration RenewDeadline RetryPeriod NeedLeaderElection
    EnableWarmup SkipNameValidation GroupKindConcurrency MaxConcurrentReconciles CacheSyncTimeout RecoverPanic
    UsePriorityQueue ReconciliationTimeout RateLimiter NewQueue LogConstructor TerminalError RequeueAfter
    Result.Priority ReconcileIDFromContext For Owns Watches WatchesMetadata WatchesRawSource MatchEveryOwner
    WithEventFilter Named Build Complete WithPredicates OnlyMetadata Funcs ResourceVersionChanged GenerationChanged
    AnnotationChanged LabelChanged LabelSelectorPredicate And Or Not EnqueueRequestForObject ForOwner FromMapFunc
    WithLowPriorityWhenUnchanged IsInInitialList DeleteStateUnknown GenericEvent source.Kind Channel Informer Func
    Get List Create Update Patch Apply Delete DeleteAllOf Watch Status SubResource GroupVersionKindFor
    IsObjectNamespaced DisableFor Unstructured NewDryRunClient WithFieldOwner WithFieldValidation NewNamespacedClient
    interceptor.NewClient MatchingLabels HasLabels MatchingFields InNamespace Limit Continue UnsafeDisableDeepCopy
    GracePeriodSeconds Preconditions PropagationPolicy MergeFrom WithOptimisticLock RawPatch IgnoreNotFound
    IgnoreAlreadyExists ObjectKeyFromObject EnableReadYourWritesConsistency protobuf warnings SyncPeriod
    ReaderFailOnMissingInformer DefaultNamespaces AllNamespaces DefaultLabelSelector DefaultFieldSelector
    DefaultTransform DefaultWatchErrorHandler EnableWatchBookmarks ByObject GetInformer GetInformerForKind
    BlockUntilSynced RemoveInformer IndexField TransformStripManagedFields CertDir ClientCAName TLSOpts StartedChecker
    StandaloneWebhook Defaulter Validator Warnings MultiMutatingHandler MultiValidatingHandler v1beta1
    DefaulterRemoveUnknownOrOmitableFields RequestFromContext WithContextFunc Convertible Hub Registry certwatcher
    SecureServing WithAuthenticationAndAuthorization SetControllerReference SetOwnerReference
    RemoveControllerReference HasOwnerReference WithBlockOwnerDeletion CreateOrUpdate CreateOrPatch OperationResult
    AddFinalizer ContainsFinalizer AnnotatedEventf logr zap cluster.New multicluster-runtime komega EqualObject envtest
    ControlPlane KubeConfig CRDInstallOptions WebhookInstallOptions DownloadBinaryAssets UseExistingCluster
    AttachControlPlaneOutput AddUser fake interceptor.Funcs controller_runtime_reconcile_total
    controller_runtime_active_workers controller_runtime_max_concurrent_reconciles workqueue_
    rest_client_requests_total rest_client_request_duration_seconds rest_client_dns_resolution_duration_seconds
    rest_client_request_size_bytes rest_client_response_size_bytes rest_client_rate_limiter_duration_seconds
    rest_client_request_retries_total leader_election_master_status leader_election_slowpath_total
    controller_runtime_webhook_ controller_runtime_conversion_webhook_panics_total certwatcher_read_certificate_total
    certwatcher_read_certificate_errors_total process_ go_
"""
